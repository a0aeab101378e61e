import { raw, type Script, sh } from '../../remote/sh.ts';
import { FORGET_BOOT_GUARD } from '../guard-script.ts';
import { BOOT_GUARD, BOOT_GUARD_WANTED, RUNTIME_DIRECTORY } from '../host-layout.ts';
import { SNAPSHOT_RESTORE } from '../snapshot/index.ts';
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

/** The guard: it waits, and undoes in stages. */
const STAGES_OF_GUARD: Script = sh`# The run's own shell is gone, with the host or by itself: what it was at was cut off.
is_over() {
  pid=
  read -r pid 2>/dev/null <"\${second:-/none}/pid" || return 0
  [ ! -d "/proc/$pid" ]
}

can_be_undone() {
  for kept in "$1"/kept/*/path "$1/undo"; do [ ! -s "$kept" ] || return 0; done
  return 1
}

restore() {
  kept=$run/snapshot
  [ -s "$kept/files" ] || kept=\${second:-/none}/snapshot
  [ ! -d "$kept" ] || restore_snapshot "$kept" || : >"$run/undo-failed"
}

# Undoes of a run's steps, the last one first, those that touched the way in, or all of which anything was kept.
undo_steps() {
  ls -1 "$1" | sort -r | while IFS= read -r step; do
    state=
    read -r state 2>/dev/null <"$1/$step/state" || continue
    if [ -e "$1/$step/access" ] || { [ "$state" = started ] && is_over; }; then
      undo_step "$1/$step"
      # What it did comes back with what a login hangs on, and not before.
      can_be_undone "$1/$step" || : >"$run/restore"
    elif [ "$2" = all ]; then
      if can_be_undone "$1/$step"; then undo_step "$1/$step"; fi
    fi
    [ "$failed" -eq 0 ] || : >"$run/undo-failed"
  done
}

undo_stage() {
  case $1 in
    1 | 2)
      what=access
      if [ "$1" -eq 2 ]; then what=all; fi
      undo_steps "$run" "$what"
      if [ -e "$run/adopts" ]; then
        sort -r "$run/adopts" | while IFS= read -r other; do
          mv "$other/adopted" "$other/fired" 2>/dev/null || mv "$other/armed" "$other/fired" 2>/dev/null
          undo_steps "$other" "$what"
          : >"$other/came"
          : >"$other/guard-undone"
        done
      fi
      run_after
      if [ -e "$run/restore" ] || [ -e "$run/after-failed" ]; then restore; fi
      ;;
    3) restore ;;
  esac
}

uptime() { read -r up _ </proc/uptime; up=\${up%%.*}; }

# One at a time: the guard, the client and the next boot may all come to it.
stages_until() {
  exec 7<"$run" && flock 7
  mv "$run/armed" "$run/fired" 2>/dev/null || [ -e "$run/fired" ] || exit 0
  rm -f "$run/reserve"
  log=$run/undo.log
  true >>"$log" || log=/dev/null
  last=0
  read -r last _ 2>/dev/null <"$run/stage" || [ ! -e "$run/guard-undone" ] || last=1
  while [ "$last" -lt "$1" ]; do
    last=$((last + 1))
    {
      date -u "+guard fired at %Y-%m-%dT%H:%M:%SZ, stage $last"
      undo_stage "$last"
    } >>"$log" 2>&1
    uptime
    printf '%s %s\n' "$last" "$up" >"$run/stage"
    [ -z "$second" ] || cp "$run/stage" "$second/stage" 2>/dev/null
    : >"$run/guard-undone"
  done
  exec 7<&-
}

# A step that was at work when the guard fired may have touched the way in after that.
undo_late() {
  for late in "$run"/[0-9]*/access; do
    [ -e "$late" ] && read -r state <"\${late%access}state" && [ "$state" != undone ] && [ "$state" != started ] || continue
    exec 7<"$run" && flock 7
    undo_stage 1 >>"$run/undo.log" 2>&1
    exec 7<&-
    return
  done
}

# A login of harden's came, or nothing is left to be done.
forget() {
  rm -rf "$run/snapshot" ${RUNTIME_DIRECTORY}/guard."$id"
  if grep -qsF "$id/" ${BOOT_GUARD}; then
    rm -f ${BOOT_GUARD} ${BOOT_GUARD_WANTED}
    if [ -d /run/systemd/system ]; then ${raw(FORGET_BOOT_GUARD)}; fi
  fi
}

# The run says that it is alive by the host's uptime: a clock that jumps changes nothing.
wait_for_silence() {
  life=${RUNTIME_DIRECTORY}/alive.$id
  while [ -e "$run/armed" ]; do
    uptime
    alive=
    read -r alive 2>/dev/null <"$life" || { sleep 1; read -r alive 2>/dev/null <"$life" || alive=0; }
    left=$((\${alive:-0} + $1 - up))
    [ "$left" -gt 0 ] && [ "$left" -le "$1" ] && [ "$(asked)" -eq 0 ] || break
    pause
  done
}

has_come() { [ -e "$run/came" ] || [ -e "\${second:-/none}/came" ]; }

# Up to which stage the run itself asks for the undo, as its fresh login failed.
asked() {
  stage=0
  read -r stage 2>/dev/null <"$run/fire" || stage=0
  echo "$stage"
}

# Waits until it is time for the next stage; fails where a login came.
wait_for_stage() {
  until has_come; do
    read -r ended since <"$run/stage" || return 0
    [ "$ended" -lt "$1" ] || return 0
    uptime
    left=$((since + $2 - up))
    [ "$left" -gt 0 ] && [ "$left" -le "$2" ] && [ "$(asked)" -lt "$1" ] || return 0
    undo_late
    pause
  done
  return 1
}

# What it has started ends first: systemd may not see that of a unit whose own process is gone.
stop_waiting() {
  trap - TERM
  read -r children <"/proc/$$/task/$$/children"
  for child in $children; do
    read -r theirs 2>/dev/null <"/proc/$child/task/$child/children" || :
    kill \${theirs:-$child} 2>/dev/null
  done
  wait
  exit 0
}

# A signal ends it at once, as it would not a command that is waited for.
pause() {
  sleep 1 &
  wait "$!"
}

guard() {
  read -r seconds rest last 2>/dev/null <"$run/armed" || read -r seconds rest last 2>/dev/null <"$run/fired" || exit 0
  if [ "$1" != now ]; then
    trap stop_waiting TERM
    foothold_start ./snapshot
    printf '%s\n' "$$" >"$run/waiting"
  fi
  case $1 in
    now) ;;
    boot)
      # Expected once: the run itself had the host boot anew, and is to come back.
      if read -r back 2>/dev/null <"$run/boots"; then
        rm -f "$run/boots"
        sync "$run"
        uptime
        began=$up
        while [ -e "$run/armed" ] && [ ! -e ${RUNTIME_DIRECTORY}/alive."$id" ] && [ "$((up - began))" -lt "$back" ]; do sleep 2; uptime; done
        [ ! -e ${RUNTIME_DIRECTORY}/alive."$id" ] || wait_for_silence "$seconds"
      fi
      ;;
    *) wait_for_silence "$1" ;;
  esac
  # The journal was taken away, and nobody disarmed the guard: what a login hangs on is in memory.
  if [ "$1" != now ] && [ -n "$foothold" ] && [ ! -e "$run/armed" ] && [ ! -e "$run/fired" ] && [ ! -e "$run/disarmed" ]; then
    foothold_ask restore
    exit 0
  fi
  if [ "$1" != now ] && { [ -e "$run/armed" ] || [ -e "$run/fired" ]; }; then foothold_repair >>"$run/undo.log" 2>&1; fi
  if [ ! -e "$run/fired" ] && has_come; then stages_until 1; forget; exit 0; fi
  stages_until 1
  if [ "$1" = now ]; then [ ! -e "$run/undo-failed" ]; exit; fi
  if wait_for_stage 2 "\${rest:-300}"; then
    stages_until 2
    if wait_for_stage 3 "\${last:-60}"; then stages_until 3; fi
  fi
  forget
}`;

/**
 * Puts back what a run replaced, last step first: kept paths, then the step's own undo.
 * `sh undo.sh guard SECONDS` waits until the run has not been heard of for so long, and then undoes in stages, unless it was disarmed, each only while
 * no login of harden's came: the steps that touched access, and those of the guards that it took over; all other steps; what a login hangs on. `guard
 * boot` is for the next boot, `guard now` the first stage alone; `stage N` the stages up to that one. `sh undo.sh NUMBER…` undoes those steps, and then
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

${raw(PUT_BACK)}
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
