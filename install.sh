#!/usr/bin/env bash
# Installs Collector on a PBX (pbx, uninstall), or what its tests, demo and benchmarks need (test, demo, bench, chaos).
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VENV=$ROOT/.venv
CHECK=no
LAB_PACKAGES=(asterisk asterisk-mysql odbc-mariadb mariadb-server sip-tester espeak-ng sox procps util-linux)
SERVICES=(asterisk mariadb redis-server) # what those packages would start and enable
STATE=/var/lib/collector-installer
SOURCE=/etc/apt/sources.list.d/collector-bullseye.sources
PIN=/etc/apt/preferences.d/collector-bullseye

HOME_DIR=/opt/collector
CONFIG_DIR=/etc/collector
COPIED=(agi worker dialplan sql config pyproject.toml requirements.lock requirements-celery.lock)
SIDE=collector-side.service # only with schedule.runner: celery
UNITS=(collector.service collector-handler.service "$SIDE")
CUSTOM=/etc/asterisk/extensions_custom.conf
DIALPLAN=extensions_collector.conf
LINK=/usr/local/bin/collector

usage() {
  cat <<TEXT
usage: ./install.sh [--check] COMMAND

  test [unit|contract|integration|acceptance|all] [pytest options]   style, types and tests (default: all)
  demo [--keep]          real calls between two private Asterisks on this machine
  bench NAME [--json]    a benchmark: $(benchmarks)
  chaos [--calls N] [--seed N]   real calls while worker, handler, PBX and database are killed again and again
  pbx [--yes]            install Collector on this PBX
  uninstall [--config] [--packages]   undo pbx; --config also removes $CONFIG_DIR,
                         --packages also what test, demo and bench installed

  --check                say what would be done, and do nothing
TEXT
}

die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

# step WORDS COMMAND...: says what is done and does it; with --check only says it.
step() {
  local words=$1
  shift
  if [ "$CHECK" = yes ]; then
    printf 'would %s\n' "$words"
  else
    printf '==> %s\n' "$words" >&2
    "$@"
  fi
}

need_root() {
  [ "$(id -u)" = 0 ] || [ "$CHECK" = yes ] || die "$1 needs root; run it as root or with sudo"
}

# The newest Python of the system itself, 3.11 or later; pyenv and the like may vanish under a service.
system_python() {
  local candidate
  for candidate in /usr/bin/python3.{14,13,12,11} /usr/bin/python3 /usr/local/bin/python3; do
    if [ -x "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

# --- packages ---------------------------------------------------------------------------------------------

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s\n' "$package"
  done
}

lab_packages() {
  local missing
  if ! command -v dpkg-query >/dev/null; then
    die "test, demo and bench need Debian 12 (or a relative of it with apt); this is $(os_name)"
  fi
  mapfile -t missing < <(missing_packages "${LAB_PACKAGES[@]}" "$@")
  if command -v asterisk >/dev/null && [[ " ${missing[*]} " == *" asterisk "* ]]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | grep -v '^asterisk') # a self-built one: left as it is
  fi
  [ ${#missing[@]} -gt 0 ] || return 0
  need_root "installing ${missing[*]}"
  [ "$(os_id)" = "debian 12" ] || printf 'install.sh: made for Debian 12; this is %s, going on\n' "$(os_name)" >&2
  if [ "$CHECK" = yes ]; then
    printf 'would install %s, with no service started or enabled\n' "${missing[*]}"
    [ -n "$(candidate asterisk)" ] || printf 'would first add Debian 11 at %s, pinned to 100\n' "$(mirror)"
    return 0
  fi
  step "update the package lists" apt-get update -qq
  if [[ " ${missing[*]} " == *" asterisk"* ]] && [ -z "$(candidate asterisk)" ]; then
    add_bullseye
  fi
  step "install ${missing[*]}" install_quietly "${missing[@]}"
}

os_id() { (. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}"); }
os_name() { (. /etc/os-release && printf '%s' "${PRETTY_NAME:-an unknown system}"); }

candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" {print $2}'; }

# Where this machine's own apt already gets the main archive from.
mirror() {
  # shellcheck disable=SC2016 # the names are apt's, not the shell's
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v now="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")" '$2 == now && $3 == "main" {print $1; exit}'
}

# Debian 12 has no asterisk; Debian 11 has 16.28, the generation of Issabel 5, and it installs cleanly beside.
add_bullseye() {
  local uri
  uri=$(mirror)
  [ -n "$uri" ] || die "apt offers no asterisk and names no Debian mirror; install Asterisk 16 or later and run this again"
  step "add Debian 11 at $uri, pinned to 100 (Debian 12 has no asterisk)" write_bullseye "$uri"
  apt-get update -qq || true # the mirror may have dropped it; the next line says so
  if [ -z "$(candidate asterisk)" ]; then
    rm -f "$SOURCE" "$PIN"
    die "$uri no longer carries Debian 11 with its asterisk; install Asterisk 16 or later and run this again"
  fi
}

write_bullseye() {
  printf 'Types: deb\nURIs: %s\nSuites: bullseye\nComponents: main\nSigned-By: %s\n' \
    "$1" /usr/share/keyrings/debian-archive-keyring.gpg >"$SOURCE"
  printf 'Package: *\nPin: release n=bullseye\nPin-Priority: 100\n' >"$PIN"
}

# A private lab starts its own servers: nothing that apt brings may run or start at boot.
install_quietly() (
  policy=/usr/sbin/policy-rc.d
  aside=$(mktemp)
  had=no
  if [ -e "$policy" ]; then had=yes && cp -p "$policy" "$aside"; fi
  # shellcheck disable=SC2317,SC2329 # called by the trap
  restore() {
    if [ "$had" = yes ]; then cp -p "$aside" "$policy"; else rm -f "$policy"; fi
    rm -f "$aside"
  }
  trap restore EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
  mkdir -p "$STATE"
  printf '%s\n' "$@" | grep -vE '^(python3|procps|util-linux)' >>"$STATE/packages" || true # the system's own stay
  disable_services "$@"
)

disable_services() {
  local service wants=/etc/systemd/system/multi-user.target.wants
  for service in "${SERVICES[@]}"; do
    if [[ " $* " == *" $service "* || " $* " == *" $service-server "* ]]; then
      systemctl disable --quiet "$service" 2>/dev/null || rm -f "$wants/$service.service" # a container has no systemctl
    fi
  done
}

# --- virtual environment ------------------------------------------------------------------------------------

# environment VENV PROJECT LOCK: made or completed only when the lock, the project file or Python changed.
environment() {
  local venv=$1 project=$2 lock=$3 python stamp
  python=$(system_python) || {
    if [ "$CHECK" = yes ] && command -v apt-get >/dev/null; then printf 'would install python3\n' && return 0; fi
    die "Python 3.11 or later is needed: apt-get install python3 python3-venv, or dnf install python3.11"
  }
  stamp=$({ "$python" --version && cat "$project/$lock" "$project/pyproject.toml"; } | sha256sum | cut -d' ' -f1)
  if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.collector-stamp" 2>/dev/null)" = "$stamp" ]; then return 0; fi
  step "fill $venv from $lock with $python" fill "$venv" "$project" "$lock" "$python" "$stamp"
}

fill() {
  local venv=$1 project=$2 lock=$3 python=$4 stamp=$5
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv" || die "$python cannot make a virtual environment: apt-get install python3-venv"
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$project/$lock"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e "$project"
  printf '%s\n' "$stamp" >"$venv/.collector-stamp"
}

# lab_environment PACKAGE...: what the lab needs, and these.
lab_environment() {
  lab_packages python3 python3-venv "$@"
  environment "$VENV" "$ROOT" requirements-dev.lock
}

# --- test, demo, bench, chaos -----------------------------------------------------------------------------

run_tests() {
  local level=all failed=0
  case "${1:-}" in
  unit | contract | integration | acceptance | all) level=$1 && shift ;;
  '' | -*) ;;
  *) die "there is no test level called $1; choose unit, contract, integration, acceptance or all" ;;
  esac
  lab_environment redis-server
  cd "$ROOT"
  local paths=(tests/unit tests/contract tests/integration tests/acceptance)
  [ "$level" = all ] || paths=("tests/$level")
  step "check the style: ruff check, ruff format --check" check_style || failed=1
  step "check the types: mypy --strict" "$VENV/bin/mypy" || failed=1
  step "run the tests: pytest ${paths[*]} $*" "$VENV/bin/pytest" "${paths[@]}" "$@" || failed=1
  return $failed
}

check_style() {
  "$VENV/bin/ruff" check . && "$VENV/bin/ruff" format --check .
}

benchmarks() {
  local file names=()
  for file in "$ROOT"/tests/bench/*.py; do
    if head -n 1 "$file" | grep -q 'install.sh bench'; then names+=("$(basename "$file" .py)"); fi
  done
  printf '%s' "${names[*]:-none yet}"
}

run_demo() {
  lab_environment
  cd "$ROOT"
  step "hold the demo" exec "$VENV/bin/python" -m tests.lab.demo "$@"
}

run_bench() {
  local name=${1:-}
  [[ $name =~ ^[a-z][a-z0-9_]*$ && -f $ROOT/tests/bench/$name.py ]] || die "name a benchmark: $(benchmarks)"
  shift
  lab_environment
  cd "$ROOT"
  step "run the benchmark $name" exec "$VENV/bin/python" -m "tests.bench.$name" "$@"
}

run_chaos() {
  lab_environment
  cd "$ROOT"
  step "let chaos reign" exec "$VENV/bin/python" -m tests.chaos "$@"
}

# --- command line -----------------------------------------------------------------------------------------

main() {
  local rest=() word
  for word in "$@"; do
    if [ "$word" = --check ]; then CHECK=yes; else rest+=("$word"); fi
  done
  set -- "${rest[@]}"
  local command=${1:-}
  [ $# -eq 0 ] || shift
  case "$command" in
  test) run_tests "$@" ;;
  demo) run_demo "$@" ;;
  bench) run_bench "$@" ;;
  chaos) run_chaos "$@" ;;
  pbx | uninstall)
    . "$ROOT/install-pbx.sh"
    "run_$command" "$@"
    ;;
  help | -h | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
  esac
}

main "$@"
