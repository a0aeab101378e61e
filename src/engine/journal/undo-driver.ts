import { raw, type Script, sh } from '../../remote/sh.ts';
import { FORGET_BOOT_GUARD } from '../guard-script.ts';
import { BOOT_GUARD, BOOT_GUARD_WANTED, RUNTIME_DIRECTORY } from '../host-layout.ts';
import { PUT_BACK } from './put-back.ts';

/**
 * Puts back what a run replaced, last step first: kept paths, then the step's own undo.
 * `sh undo.sh guard SECONDS` waits until the run has not been heard of for so long and undoes the steps that touch access, and those of the
 * guards that it took over, unless it was disarmed; `guard now` does not wait. `sh undo.sh NUMBER…` undoes those steps, and then
 * runs once each what brings them into force; with `later` before the numbers that is left to the next call.
 * It prints what it did, and goes on where one step fails.
 */
export const UNDO_DRIVER: Script = sh`# Written by harden for this run; needs nothing but this directory.
run=$(cd "$(dirname "$0")" && pwd) || exit 1
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
failed=0

${raw(PUT_BACK)}
# As a step has it: a private directory of its own. Without room for one, what needs none is undone all the same.
run_undo() {
  set -eu
  harden_step=$1
  mkdir -p ${RUNTIME_DIRECTORY} 2>/dev/null || :
  if harden_tmp=$(mktemp -d ${RUNTIME_DIRECTORY}/tmp.XXXXXX); then trap 'rm -rf "$harden_tmp"' EXIT; else unset harden_tmp; fi
  . "$1/undo"
}

undo_step() {
  [ -e "$1/state" ] || return 0
  read -r state <"$1/state" || state=damaged
  [ "$state" != undone ] || return 0
  rc=0
  for kept in "$1"/kept/*/; do
    [ -s "$kept/path" ] || continue
    (put_back "\${kept%/}") || rc=1
  done
  if [ -s "$1/undo" ]; then
    # not in front of a || or in an if: there, set -e would have no effect
    (run_undo "$1") 7<&- </dev/null
    [ "$?" -eq 0 ] || rc=1
  fi
  if [ -d "$1/after" ]; then mkdir -p "$run/undo-after"; cp "$1"/after/* "$run/undo-after/" || rc=1; fi
  if [ "$rc" -eq 0 ]; then printf 'undone \n' 1<>"$1/state"; echo "undone: $(cat "$1/name")"; else failed=1; echo "not undone: $(cat "$1/name")"; fi
}

run_after() {
  for after in "$run"/undo-after/*; do
    [ -e "$after" ] || continue
    (exec 7<&-; set -eu; . "$after") </dev/null
    if [ "$?" -eq 0 ]; then rm -f "$after"; else : >"$run/undo-failed"; echo "not run: $(basename "$after")"; fi
  done
}

undo_access() {
  ls -1 "$1" | sort -r | while IFS= read -r step; do
    if [ -e "$1/$step/access" ]; then undo_step "$1/$step"; fi
    [ "$failed" -eq 0 ] || : >"$run/undo-failed"
  done
}

if [ "$1" = guard ]; then
  # The run says that it is alive by the host's uptime: a clock that jumps changes nothing.
  life=${RUNTIME_DIRECTORY}/alive.$(basename "$run")
  while [ "\${2:-now}" != now ] && [ -e "$run/armed" ]; do
    read -r up _ </proc/uptime
    alive=
    read -r alive <"$life" || { sleep 1; read -r alive <"$life" || alive=0; }
    left=$((\${alive:-0} + $2 - \${up%%.*}))
    [ "$left" -gt 0 ] && [ "$left" -le "$2" ] || break
    sleep "$left"
  done
  # One at a time: the timer, the client and the next boot may all come to it.
  exec 7<"$run" && flock 7
  mv "$run/armed" "$run/fired" 2>/dev/null || [ -e "$run/fired" ] || exit 0
  [ ! -e "$run/guard-undone" ] || exit 0
  rm -f "$run/reserve"
  log=$run/undo.log
  true >>"$log" || log=/dev/null
  {
    date -u '+guard fired at %Y-%m-%dT%H:%M:%SZ'
    undo_access "$run"
    if [ -e "$run/adopts" ]; then
      sort -r "$run/adopts" | while IFS= read -r other; do
        mv "$other/adopted" "$other/fired" 2>/dev/null || mv "$other/armed" "$other/fired" 2>/dev/null
        undo_access "$other"
        : >"$other/guard-undone"
      done
    fi
    run_after
  } >>"$log" 2>&1
  : >"$run/guard-undone"
  if grep -qsF "$run/" ${BOOT_GUARD}; then
    rm -f ${BOOT_GUARD} ${BOOT_GUARD_WANTED}
    if [ -d /run/systemd/system ]; then ${raw(FORGET_BOOT_GUARD)}; fi
  fi
  [ ! -e "$run/undo-failed" ] || exit 1
else
  rm -f "$run/undo-failed"
  later=
  if [ "$1" = later ]; then later=1; shift; fi
  {
    for step in "$@"; do undo_step "$run/$step"; done
    [ "$failed" -eq 0 ] || : >"$run/undo-failed"
    # Where more is undone after this, it comes into force with that: systemd starts no service again that is restarted for each step.
    if [ -z "$later" ] || [ "$failed" -ne 0 ]; then run_after; fi
  } 2>&1 | tee -a "$run/undo.log"
  [ ! -e "$run/undo-failed" ]
fi
# whole
`;
