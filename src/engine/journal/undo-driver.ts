import { raw, type Script, sh } from '../../remote/sh.ts';
import { HOST_FILES } from '../host-files/index.ts';
import { RUNTIME_DIRECTORY } from '../host-layout.ts';
import { SNAPSHOT_RESTORE } from '../snapshot/index.ts';
import { STAGES_OF_GUARD } from './guard-stages.ts';
import { PUT_BACK } from './put-back.ts';

/** One step: its kept paths come back, then its own undo runs; what brings it into force is gathered for `run_after`. */
const UNDO_STEP: Script = sh`# As a step has it: a private directory of its own. Without room for one, what needs none is undone all the same.
run_undo() {
  exec 4>&- 5<&- 6<&- 7<&- 8<&-
  cd /
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
    (run_undo "$1") </dev/null
    [ "$?" -eq 0 ] || rc=1
  fi
  if [ -d "$1/after" ]; then mkdir -p "$run/undo-after"; cp "$1"/after/* "$run/undo-after/" || rc=1; fi
  if [ "$rc" -eq 0 ]; then printf 'undone \n' 1<>"$1/state"; echo "undone: $(cat "$1/name")"; else failed=1; echo "not undone: $(cat "$1/name")"; fi
}

# One that fails keeps no other from running, and nothing from being undone: what it is for may be gone by now.
run_after() {
  for after in "$run"/undo-after/*; do
    [ -e "$after" ] || continue
    (exec 4>&- 5<&- 6<&- 7<&- 8<&-; cd /; set -eu; . "$after") </dev/null
    if [ "$?" -eq 0 ]; then rm -f "$after"; else : >"$run/after-failed"; echo "not run: $(basename "$after")"; fi
  done
}`;

/**
 * Puts back what a run replaced, last step first: kept paths, then the step's own undo.
 * `sh undo.sh guard SECONDS` waits until the run has not been heard of for so long, and then undoes in stages, unless it was disarmed, each only while
 * no login of harden's came: the steps that touched access, and those of the guards that it took over; all other steps; what a login hangs on. `guard
 * boot` is for the next boot, `guard now` the first stage alone; `stage N` the stages up to that one. `boot-check`
 * undoes, of a run that was proved, the steps that touched access; with `all` behind it, every step. `sh undo.sh NUMBER…` undoes those steps, and then
 * runs once each what brings them into force; with `later` before the numbers that is left to the next call.
 * It prints what it did, and goes on where one step fails.
 */
export const UNDO_DRIVER: Script = sh`# Written by harden for this run; needs nothing but this directory.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset CDPATH
umask 077
failed=0
cd -P "$(dirname "$0")" || exit 1
run=$PWD
id=\${run##*/}
# What is mounted over the journal or over /run later takes neither away.
exec 8<.
[ ! -e "/proc/$$/fd/8/undo.sh" ] || run=/proc/$$/fd/8
second=
if [ -d ${RUNTIME_DIRECTORY}/guard."$id" ]; then
  exec 6<${RUNTIME_DIRECTORY}/guard."$id"
  second=/proc/$$/fd/6
fi

# Not what a step of the run that is undone may still be at.
harden_mark=.harden-undo

${raw(HOST_FILES)}${raw(PUT_BACK)}
${raw(UNDO_STEP)}
${raw(SNAPSHOT_RESTORE)}

${raw(STAGES_OF_GUARD)}

# All of it has been read by now, whatever becomes of the file.
main() {
  case $1 in
    guard) guard "$2" ;;
    stage)
      stages_until "$2"
      [ ! -e "$run/undo-failed" ]
      ;;
    boot-check)
      rm -f "$run/undo-failed"
      exec 7<"$run" && flock 7
      {
        date -u '+boot check at %Y-%m-%dT%H:%M:%SZ'
        undo_steps "$run" "\${2:-access}"
        run_after
      } >>"$run/undo.log" 2>&1
      [ ! -e "$run/undo-failed" ]
      ;;
    *)
      rm -f "$run/undo-failed" "$run/after-failed"
      later=
      if [ "$1" = later ]; then later=1; shift; fi
      {
        for step in "$@"; do undo_step "$run/$step"; done
        [ "$failed" -eq 0 ] || : >"$run/undo-failed"
        # Where more is undone after this, it comes into force with that: systemd starts no service again that is restarted for each step.
        if [ -z "$later" ] || [ "$failed" -ne 0 ]; then run_after; fi
      } 2>&1 | tee -a "$run/undo.log"
      [ ! -e "$run/undo-failed" ]
      ;;
  esac
}
main "$@"
exit
# whole
`;
