#!/bin/sh
# Installs what this clone's scripts need, and with --tests what its tests need beside; quick and silent where all is there.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

node_is_new_enough() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
}

packages_are_current() {
  # npm writes this file when an install is complete.
  [ -e node_modules/.package-lock.json ] && [ -z "$(find package-lock.json -newer node_modules/.package-lock.json)" ]
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  fail 'Node.js 20.19 or newer with npm is needed, and is not installed.'
fi
node_is_new_enough || fail "Node.js 20.19 or newer is needed, and this is $(node --version)."

if ! packages_are_current; then
  say 'installing the npm packages of package-lock.json'
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi

[ "${1:-}" = --tests ] || exit 0

missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need shellcheck shellcheck
need xmllint libxml2-utils
need ssh openssh-client
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  fail "the tests need$missing. This script installs them as root on Debian; here, install them yourself."
fi
say "installing$missing"
export DEBIAN_FRONTEND=noninteractive
install_missing() {
  # shellcheck disable=SC2086 # a list of names
  apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends $missing >&2
}
# The tests start a server of their own on loopback; that of the package is not to listen, now or after a boot.
quietly=/usr/sbin/policy-rc.d
if [ ! -x /usr/sbin/sshd ] && [ ! -e "$quietly" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$quietly"
  chmod 0755 "$quietly"
  trap 'rm -f "$quietly"; systemctl disable -q ssh.service 2>/dev/null || :' EXIT
fi
# Package lists that were never fetched, or are older than the mirror, make the first try fail.
install_missing || { apt-get -q -o DPkg::Lock::Timeout=600 update >&2 && install_missing; }
