import { raw, type Script, sh } from '../../remote/sh.ts';
import { FORGET_BOOT_GUARD } from '../guard-script.ts';
import { BOOT_GUARD, BOOT_GUARD_WANTED, RUNTIME_DIRECTORY } from '../host-layout.ts';

/** The guard: it waits, and undoes in stages. */
export const STAGES_OF_GUARD: Script = sh`# The run's own shell is gone, with the host or by itself: what it was at was cut off.
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
  reached=0
  read -r reached _ 2>/dev/null <"$run/stage" || [ ! -e "$run/guard-undone" ] || reached=1
  while [ "$reached" -lt "$1" ]; do
    reached=$((reached + 1))
    {
      date -u "+guard fired at %Y-%m-%dT%H:%M:%SZ, stage $reached"
      undo_stage "$reached"
    } >>"$log" 2>&1
    uptime
    printf '%s %s\n' "$reached" "$up" >"$run/stage"
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
  if [ "$1" != now ] && [ -n "$foothold" ] && [ ! -e "$run/armed" ] && [ ! -e "$run/fired" ] && [ ! -e "$run/disarmed" ] && [ ! -e "$run/adopted" ]; then
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
