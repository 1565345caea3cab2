#!/bin/sh
# Tests on the Asterisk of another Debian release instead of this machine's own, for example 22 of sid:
#
#   tests/lab/other-asterisk.sh sid tests/integration/test_answering.py
#
# As root, with debootstrap, after ./install.sh test (its virtual environment is used). That release is put into
# var/other-SUITE once and stays there (600 MB); what is mounted into it is gone when the tests end. It has no
# cdr_mysql and no ODBC driver: tests of the CDR fail.
set -eu

suite=${1:?"usage: $0 SUITE [arguments of pytest]"}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
other=$root/var/other-$suite
if [ ! -x "$other/usr/sbin/asterisk" ]; then
  # shellcheck disable=SC2016 # the name is apt's, not the shell's
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
  debootstrap --variant=minbase "$suite" "$other" "$mirror"
  chroot "$other" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends asterisk
fi
# the lab names the folder of this machine's own modules
own=$(dirname "$(find /usr/lib*/ -name app_amd.so | head -n 1)")
theirs=$(cd "$other" && dirname "$(find usr/lib -name app_amd.so | head -n 1)")
if [ "$own" != "/$theirs" ] && [ ! -L "$other$own" ]; then
  mkdir -p "$other$(dirname "$own")"
  ln -s "/$theirs" "$other$own"
fi
mkdir -p "$other.bin"
printf '#!/bin/sh\nexec chroot "%s" /usr/sbin/asterisk "$@"\n' "$other" >"$other.bin/asterisk"
chmod +x "$other.bin/asterisk"
export root other
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount sh -eu -c '
  for folder in /tmp /proc /dev; do mount --rbind "$folder" "$other$folder"; done
  cd "$root"
  PATH="$other.bin:$PATH" exec "$root/.venv/bin/python" -m pytest "$@"' sh "$@"
