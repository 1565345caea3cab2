# shellcheck shell=bash
# Sourced by install.sh: puts Collector on a real PBX (Issabel 5 or another Asterisk), and takes it off again.
# It adds files of its own and one #include line, shows both first, starts nothing and dials nobody.

HEADER='; Collector: calls of its own, in its own contexts. Removed by install.sh uninstall.'
INCLUDE="#include $DIALPLAN"
SWEEP=/etc/systemd/system/asterisk.service.d/collector.conf

run_pbx() {
  local yes=no
  case "${1:-}" in
  '') ;;
  --yes) yes=yes ;;
  *) die "pbx knows --yes (do not ask) and --check" ;;
  esac
  need_root "installing on a PBX"
  check_pbx
  show_plan
  if [ "$CHECK" = yes ]; then return 0; fi
  [ "$yes" = yes ] || confirmed || die "nothing was changed"
  step "copy the program to $HOME_DIR" copy_program
  environment "$HOME_DIR/.venv" "$HOME_DIR" "$(lock_as_is)"
  step "compile the program" "$HOME_DIR/.venv/bin/python" -m compileall -q "$HOME_DIR/agi" "$HOME_DIR/worker"
  step "prepare $CONFIG_DIR" prepare_config
  step "write the services (neither started nor enabled)" write_units
  ln -sfn "$HOME_DIR/.venv/bin/collector" "$LINK"
  local checked=0
  "$LINK" check-config || checked=$?
  [ $checked -eq 0 ] || [ $checked -eq 2 ] || die "collector check-config itself failed; see above, nothing on the PBX was touched"
  if [ $checked -eq 2 ]; then
    printf '\nEdit %s/collector.yaml, then run ./install.sh pbx again: the PBX itself is untouched so far.\n' "$CONFIG_DIR"
    return 0
  fi
  prepare_side
  step "prepare the folders for sounds and call files" prepare_folders
  step "write /etc/asterisk/$DIALPLAN" write_dialplan
  step "add one line to $CUSTOM" add_include
  step "reload the dialplan" asterisk -rx "dialplan reload" >&2
  restart_running
  next_steps
}

check_pbx() {
  local problems=()
  command -v asterisk >/dev/null || problems+=("asterisk is not installed here; this command is for the PBX itself")
  command -v systemctl >/dev/null || problems+=("systemd is needed for the services")
  getent passwd asterisk >/dev/null || problems+=("there is no user asterisk, as whom Collector runs")
  [ -f "$CUSTOM" ] || problems+=("$CUSTOM does not exist; create it and include it from extensions.conf")
  system_python >/dev/null || problems+=("Python 3.11 or later is needed: dnf install python3.11, or apt-get install python3-venv")
  [ ${#problems[@]} -gt 0 ] || return 0
  if [ "$CHECK" = yes ]; then
    printf 'would refuse: %s\n' "${problems[@]}"
  else
    die "$(printf '%s; ' "${problems[@]}" | sed 's/; $//')"
  fi
}

show_plan() {
  cat <<TEXT
This adds, and nothing else:
  $HOME_DIR                 the program and its Python packages (root)
  $CONFIG_DIR                 configuration, readable by root and asterisk only; kept if it is there
  /etc/systemd/system          ${UNITS[*]}
                               (the last one only where schedule.runner is celery)
  $SWEEP   before Asterisk starts: call files left by a crash are moved
                               aside, else it would dial those people again
  $LINK      a link to the command
  /etc/asterisk/$DIALPLAN   our contexts, once the configuration is complete
  collector/ below Asterisk's spool and sounds
and this line at the head of $CUSTOM:
  $(if has_include; then printf '(it is there already)'; else printf '+ %s' "$INCLUDE"; fi)
No service is started, nobody is dialled. ./install.sh uninstall takes all of it away.
TEXT
}

confirmed() {
  local answer
  [ -t 0 ] || die "this is no terminal to ask on; say ./install.sh pbx --yes"
  read -r -p "Go on? [y/N] " answer
  [[ $answer == [yYsS]* ]]
}

copy_program() {
  local part
  install -d -m 755 "$HOME_DIR"
  for part in "${COPIED[@]}"; do
    rm -rf "${HOME_DIR:?}/$part"
    cp -r "$ROOT/$part" "$HOME_DIR/$part"
  done
  find "$HOME_DIR" -path "$HOME_DIR/.venv" -prune -o -name __pycache__ -type d -exec rm -rf {} +
  chown -R root:root "$HOME_DIR"
  chmod -R u=rwX,go=rX "$HOME_DIR"
}

prepare_config() {
  install -d -m 750 -o root -g asterisk "$CONFIG_DIR"
  [ -e "$CONFIG_DIR/collector.yaml" ] ||
    install -m 640 -o root -g asterisk "$ROOT/config/collector.example.yaml" "$CONFIG_DIR/collector.yaml"
}

write_units() {
  write_unit collector.service "synchronises and dials" service
  write_unit collector-handler.service "holds the conversations" handler
  write_sweep
  reread_units
}

# Celery is there already after an earlier run; else it comes once the configuration has been read and asks for it.
lock_as_is() {
  if compgen -G "$HOME_DIR/.venv/lib/python3*/site-packages/celery" >/dev/null; then
    printf 'requirements-celery.lock\n'
  else
    printf 'requirements.lock\n'
  fi
}

# Side work on Celery: its packages and its service, or neither.
prepare_side() {
  if [ "$(ask_settings schedule.runner)" = celery ]; then
    environment "$HOME_DIR/.venv" "$HOME_DIR" requirements-celery.lock
    step "write $SIDE (neither started nor enabled)" write_unit "$SIDE" "side work on Celery" side
    reread_units
  elif [ -e "/etc/systemd/system/$SIDE" ]; then
    step "stop and remove $SIDE: schedule.runner is scheduler" remove_unit "$SIDE"
  fi
}

reread_units() {
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi # else systemd reads them when it starts
}

# The dash: whatever goes wrong here, the PBX starts.
write_sweep() {
  install -d -m 755 "$(dirname "$SWEEP")"
  printf '[Service]\nExecStartPre=-%s sweep\n' "$LINK" >"$SWEEP"
}

# Restarting one never touches the other's calls; neither may be stopped by a restart of Asterisk.
write_unit() {
  cat >"/etc/systemd/system/$1" <<TEXT
[Unit]
Description=Collector: $2
After=network.target asterisk.service mariadb.service mysqld.service redis.service rabbitmq-server.service
Wants=asterisk.service

[Service]
User=asterisk
Group=asterisk
ExecStart=$HOME_DIR/.venv/bin/collector $3
Restart=on-failure
RestartSec=5
TimeoutStopSec=330
KillMode=mixed
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=full
UMask=0027

[Install]
WantedBy=multi-user.target
TEXT
}

# ask_settings EXPRESSION: prints a value of the checked configuration; `settings` is its name.
ask_settings() {
  "$HOME_DIR/.venv/bin/python" - "$CONFIG_DIR/collector.yaml" "$1" <<'PYTHON'
import os, pathlib, sys
from worker import configfile
settings = configfile.load(pathlib.Path(sys.argv[1]), os.environ)
names = sys.argv[2].split(".")
value = settings
for name in names:
    value = getattr(value, name)
print(value)
PYTHON
}

prepare_folders() {
  local owner spool_aside sounds sound_folder
  owner=$(ask_settings pbx.owner)
  spool_aside=$(ask_settings pbx.spool_aside)
  sounds=$(ask_settings pbx.sounds)
  sound_folder=$(ask_settings pbx.sound_folder)
  install -d -m 750 -o "${owner:-asterisk}" -g asterisk "$spool_aside"
  install -d -m 755 -o "${owner:-asterisk}" -g asterisk "$sounds/$sound_folder"
}

write_dialplan() {
  "$HOME_DIR/.venv/bin/python" - "$CONFIG_DIR/collector.yaml" /etc/asterisk <<'PYTHON'
import os, pathlib, sys
from worker import configfile
from worker.pbx import dialplan
settings = configfile.load(pathlib.Path(sys.argv[1]), os.environ)
for name, text in dialplan.render(settings.pbx, settings.instances).items():
    new = pathlib.Path(sys.argv[2], name + ".new")
    new.write_text(text, encoding="utf-8")
    new.rename(new.with_name(name))
PYTHON
  chown asterisk:asterisk "/etc/asterisk/$DIALPLAN"
  chmod 640 "/etc/asterisk/$DIALPLAN"
}

has_include() { grep -qxF "$INCLUDE" "$CUSTOM" 2>/dev/null; }

# At the head: what others append to this file must not land in one of our contexts, nor ours in one of theirs.
add_include() {
  local new
  if has_include; then return 0; fi
  new=$(mktemp)
  { printf '%s\n%s\n' "$HEADER" "$INCLUDE" && cat "$CUSTOM"; } >"$new" && replace_custom "$new"
}

# Written back into the same file, so that its owner, mode and links stay; only once the new text is whole.
replace_custom() {
  cat "$1" >"$CUSTOM"
  rm -f "$1"
}

restart_running() {
  local unit
  for unit in "${UNITS[@]}"; do
    if systemctl is-active --quiet "$unit"; then
      printf '%s runs still with the former program; it lets the calls that are up end: systemctl restart %s\n' "$unit" "$unit"
    fi
  done
}

next_steps() {
  cat <<TEXT

Installed. Next, as root:
  sudo -u asterisk collector doctor      what is still missing on this PBX (ARI user, database rights, unanswered=yes)
  sudo -u asterisk collector migrate     our tables
  systemctl enable --now collector-handler
  systemctl enable --now collector       from here on it dials, inside the configured hours
TEXT
  if [ -e "/etc/systemd/system/$SIDE" ]; then
    printf '  systemctl enable --now collector-side  syncs, on Celery; without it nothing is synced\n'
  fi
}

run_uninstall() {
  local config=no packages=no word unit
  for word in "$@"; do
    case "$word" in
    --config) config=yes ;;
    --packages) packages=yes ;;
    *) die "uninstall knows --config, --packages and --check" ;;
    esac
  done
  need_root "uninstalling"
  for unit in "${UNITS[@]}"; do
    if [ -e "/etc/systemd/system/$unit" ]; then step "stop and remove $unit" remove_unit "$unit"; fi
  done
  if [ -e "$SWEEP" ]; then step "remove $SWEEP" remove_sweep; fi
  if has_include; then step "take our line out of $CUSTOM" remove_include; fi
  if [ -e "/etc/asterisk/$DIALPLAN" ]; then step "remove /etc/asterisk/$DIALPLAN" remove_dialplan; fi
  if [ -L "$LINK" ]; then step "remove $LINK" rm -f "$LINK"; fi
  if [ -d "$HOME_DIR" ]; then step "remove $HOME_DIR and its sounds" remove_program; fi
  if [ "$config" = yes ] && [ -d "$CONFIG_DIR" ]; then step "remove $CONFIG_DIR" rm -rf "$CONFIG_DIR"; fi
  if [ "$packages" = yes ]; then remove_packages; fi
  if [ -d "$CONFIG_DIR" ] && [ "$config" = no ]; then printf '%s is kept; --config removes it.\n' "$CONFIG_DIR"; fi
  printf 'The database is never touched: call records and outcomes stay until you drop them.\n'
}

remove_unit() {
  systemctl disable --now --quiet "$1" 2>/dev/null || true
  rm -f "/etc/systemd/system/$1"
  reread_units
}

remove_sweep() {
  rm -f "$SWEEP"
  rmdir "$(dirname "$SWEEP")" 2>/dev/null || true # others may have put theirs there
  reread_units
}

remove_include() {
  local new
  new=$(mktemp)
  grep -vxF -e "$HEADER" -e "$INCLUDE" "$CUSTOM" >"$new" || [ $? -eq 1 ] # 1: no line is left
  replace_custom "$new"
}

remove_dialplan() {
  rm -f "/etc/asterisk/$DIALPLAN"
  asterisk -rx "dialplan reload" >/dev/null 2>&1 || true # it may not be running
}

remove_program() {
  local sounds
  if sounds=$(ask_settings pbx.sounds 2>/dev/null) && [ -d "$sounds" ]; then
    rm -rf "${sounds:?}/$(ask_settings pbx.sound_folder)"
    rmdir "$(ask_settings pbx.spool_aside)" 2>/dev/null || true # call files in it are left for a person to see
  fi
  rm -rf "${HOME_DIR:?}"
}

remove_packages() {
  local packages
  [ -s "$STATE/packages" ] || return 0
  mapfile -t packages < <(sort -u "$STATE/packages")
  step "remove ${packages[*]}" apt-get remove -y -qq "${packages[@]}"
  step "remove $SOURCE and $PIN" rm -f "$SOURCE" "$PIN"
  step "forget which packages were ours" rm -rf "$STATE"
}
