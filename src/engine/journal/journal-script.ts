import { raw, type Script, sh } from '../../remote/sh.ts';
import { FORGET_BOOT_GUARD } from '../guard-script.ts';
import { BOOT_GUARD, BOOT_GUARD_WANTED, PENDING, RUNS, RUNTIME_DIRECTORY, STATE_DIRECTORY } from '../host-layout.ts';

/** Who applies what, as the journal and the host's lock tell it. */
export interface RunIdentity {
  /** `20261124T120000Z-1a2b`: sorts by time, names the journal's directory. */
  readonly id: string;
  /** `user@machine`. */
  readonly by: string;
  /** ISO 8601, by the operator's clock. */
  readonly at: string;
  readonly playbook: string;
  readonly tool: string;
}

/** The status of `beginRunScript` when another run holds the host. */
export const LOCKED = 75;

/** The status of `beginRunScript` when the host has no room or no right to write its journal. */
export const NOT_WRITABLE = 73;

/** The status of `beginRunScript` when the guard of an earlier run has undone something after this run was planned. */
export const MOVED_ON = 76;

/** A run that has shown no sign of life for so long is gone: each batch shows one every few seconds, and between batches little is done. */
const STALE_SECONDS = 120;

/** How many runs the journal keeps; beyond the newest few, those that are older than so many days go too. */
const KEPT_RUNS = 50;
const KEPT_DAYS = 180;
const ALWAYS_KEPT_RUNS = 10;

/** Who logged in where when a run began: the way in that a rollback of it must open again. */
export interface RunLogin {
  readonly login: string;
  /** The host's own port; null without ssh. */
  readonly port: number | null;
}

/** Takes the host's lock for as long as the root shell lives, and makes the run's directory; runs in the root shell itself. `armed`: the guards that the plan found armed. */
export function beginRunScript(run: RunIdentity, login: RunLogin, armed: readonly string[] = []): Script {
  const holder = `${run.by} since ${run.at}, applying ${run.playbook}`;
  const record = { ...run, ...login };
  return sh`${raw(STEP_FUNCTIONS)}
if ! mkdir -p -m 0700 ${STATE_DIRECTORY} ${PENDING} ${RUNS} ${RUNTIME_DIRECTORY} || ! true >>${RUNTIME_DIRECTORY}/lock; then
  (exit ${NOT_WRITABLE})
elif exec 9>>${RUNTIME_DIRECTORY}/lock && ! flock -n 9 && ! harden_take_over; then
  cat ${RUNTIME_DIRECTORY}/holder >&2
  (exit ${LOCKED})
elif ! harden_settled ${armed}; then
  (exit ${MOVED_ON})
else
  harden_run=${RUNS}/${run.id}
  harden_life=${lifeFile(run.id)}
  {
    printf '%s\n' ${holder} >${RUNTIME_DIRECTORY}/holder &&
    printf '%s %s\n' "$$" "$harden_life" >${RUNTIME_DIRECTORY}/holder.pid &&
    mkdir -p "$harden_run" &&
    printf '%s\n' ${JSON.stringify(record)} >"$harden_run/run.json" &&
    printf '%s' ${UNDO_DRIVER} >"$harden_run/undo.sh" &&
    sync "$harden_run/run.json" "$harden_run/undo.sh" "$harden_run" &&
    harden_alive &&
    harden_prune
  } || (exit ${NOT_WRITABLE})
fi`;
}

/** Lets the host's lock go; runs in the root shell itself. What follows (an audit) only reads. */
export const END_RUN: Script = sh`true >"$harden_run/ended"
exec 9>&-
rm -f "$harden_life"`;

/** Where a run's last sign of life is, as seconds of the host's uptime; in memory, so that a full disk does not silence it. */
function lifeFile(runId: string): string {
  return `${RUNTIME_DIRECTORY}/alive.${runId}`;
}

/**
 * `harden_enter PATH`: goes to the real directory that holds the path, whose last name is then `$harden_name` (never followed). 1: a link
 * on the way stands where somebody other than root could have put it; 2: a directory on the way, `$harden_name`, is missing.
 * Each step is taken from the one before, so nobody can swap a directory for a link in between.
 */
const ENTER = sh`harden_enter() {
  harden_rest=$1 harden_hops=0
  while [ "$harden_rest" != "\${harden_rest%/}" ]; do harden_rest=\${harden_rest%/}; done
  cd / || return 1
  while :; do
    while [ "$harden_rest" != "\${harden_rest#/}" ]; do harden_rest=\${harden_rest#/}; done
    harden_name=\${harden_rest%%/*}
    [ "$harden_name" != "$harden_rest" ] || return 0
    harden_rest=\${harden_rest#*/}
    if [ "$harden_name" = .. ]; then
      cd -P .. || return 1
    elif [ "$harden_name" = . ]; then
      continue
    elif [ -L "./$harden_name" ]; then
      harden_hops=$((harden_hops + 1))
      case $harden_hops:$(stat -c %u:%g:%A .) in
        [1-9]:0:*:d????-??-? | [1-3][0-9]:0:*:d????-??-? | [1-9]:0:0:d???????-? | [1-3][0-9]:0:0:d???????-?) ;;
        *) echo "\${PWD%/}/$harden_name is a symbolic link in a directory that others than root can write: not followed" >&2; return 1 ;;
      esac
      harden_link=$(readlink -n -- "./$harden_name" && echo .) || return 1
      harden_rest=\${harden_link%.}/$harden_rest
      case $harden_link in /*) cd / || return 1 ;; esac
    else
      [ -d "./$harden_name" ] || return 2
      harden_here=\${PWD%/}
      cd -P "./$harden_name" && [ "$PWD" = "$harden_here/$harden_name" ] || return 1
    fi
  done
}`;

/**
 * What a step uses to keep the journal. Each path is kept before it changes; its name is written last, so a copy that was cut off
 * counts for nothing. Where nothing was, only the name is kept, and undo removes what came.
 */
const STEP_FUNCTIONS = sh`${raw(ENTER)}
harden_fail() { printf '%s\n' "$1" >&2; exit 1; }
harden_begin() {
  [ ! -e "$harden_run/fired" ] || harden_fail 'the host has not heard of this run for too long and has undone what touched the way in: nothing more is changed'
  harden_step=$harden_run/$1
  harden_alive
  printf '%s\n' "$harden_io" >"$harden_run/io"
  mkdir "$harden_step" "$harden_step/kept" || harden_fail "the journal cannot be written: $(df -Pk "$harden_run" | awk 'NR == 2 { print $4 " KiB free on " $6 }')"
  printf '%s\n' "$2" >"$harden_step/name"
  harden_kept=0
  harden_tmp=$(mktemp -d ${RUNTIME_DIRECTORY}/tmp.XXXXXX)
  trap 'rm -rf "$harden_tmp"' EXIT
}
harden_keep() {
  for harden_path in "$@"; do
    harden_kept=$((harden_kept + 1))
    mkdir "$harden_step/kept/$harden_kept" && (harden_keep_one "$harden_path" "$harden_step/kept/$harden_kept") || {
      rm -rf "$harden_step/kept/$harden_kept"
      harden_fail "$harden_path could not be kept for a rollback, so nothing was changed"
    }
  done
}
harden_keep_one() {
  harden_status=0
  harden_enter "$1" || harden_status=$?
  case $harden_status in
    0) ;;
    2) printf '%s' "\${PWD%/}/$harden_name" >"$2/parent" && printf '%s' "$1" >"$2/path"; return ;;
    *) return 1 ;;
  esac
  if [ -d "./$harden_name" ] && [ ! -L "./$harden_name" ]; then
    harden_size=$(du -skx "./$harden_name" | cut -f1)
    harden_free=$(df -Pk "$2" | awk 'NR == 2 { print $4 }')
    [ "$((harden_size + harden_size / 10))" -lt "$harden_free" ] || { echo "$1 holds $harden_size KiB, and $2 has room for $harden_free: move it away by hand first" >&2; return 1; }
  fi
  if [ -e "./$harden_name" ] || [ -L "./$harden_name" ]; then
    cp -a --one-file-system -- "./$harden_name" "$2/item" || return 1
    if [ -f "$2/item" ] && [ ! -L "$2/item" ]; then sync "$2/item" || return 1; fi
  fi
  printf '%s' "$1" >"$2/path"
}
harden_notify() {
  # One file, whole or not at all: a restart that is due must survive a power cut.
  printf '%s\\0%s\\0%s\\0' "$2" "$3" "$4" >${PENDING}/.new
  sync ${PENDING}/.new
  mv -f ${PENDING}/.new ${PENDING}/"$1"
  # What comes into force by a handler goes out of force by it too.
  mkdir -p "$harden_step/after"
  printf '%s' "$4" >"$harden_step/after/$1"
}
harden_started() { printf 'started\n' >"$harden_step/state" && sync "$harden_step/state" "$harden_step"; }
harden_alive() {
  read -r harden_up _ </proc/uptime
  printf '%s\n' "\${harden_up%%.*}" >"$harden_life"
}
harden_done() { printf 'done\n' >"$harden_step/state"; }
harden_take_over() {
  # A client that was cut off silently leaves its shell waiting; sshd may take hours to notice.
  read -r harden_pid harden_other <${RUNTIME_DIRECTORY}/holder.pid || return 1
  read -r harden_seen <"$harden_other" || return 1
  read -r harden_up _ </proc/uptime
  [ "$((\${harden_up%%.*} - harden_seen))" -gt ${STALE_SECONDS} ] || return 1
  [ "$(readlink "/proc/$harden_pid/fd/9")" = ${RUNTIME_DIRECTORY}/lock ] || return 1
  kill -KILL "$harden_pid" 2>/dev/null
  flock -w 5 9
}
harden_settled() {
  for harden_armed in "$@"; do
    [ -e "$harden_armed" ] || { echo "the guard of \${harden_armed%/armed} has fired since the plan was made" >&2; return 1; }
  done
  for harden_fired in ${RUNS}/*/fired; do
    harden_other=\${harden_fired%/fired}
    if [ -e "$harden_fired" ] && [ ! -e "$harden_other/guard-undone" ]; then
      sh "$harden_other/undo.sh" guard now
      echo "the host was just undoing what $harden_other could not prove" >&2
      return 1
    fi
  done
}
harden_prune() {
  harden_old=$(find ${RUNS} -mindepth 1 -maxdepth 1 -mtime +${KEPT_DAYS} -printf '%f ')
  harden_count=0
  for harden_other in $(ls -1r ${RUNS}); do
    harden_count=$((harden_count + 1))
    [ ! -e ${RUNS}/"$harden_other"/armed ] && [ ! -e ${RUNS}/"$harden_other"/adopted ] || continue
    if [ "$harden_count" -le ${KEPT_RUNS} ]; then
      [ "$harden_count" -gt ${ALWAYS_KEPT_RUNS} ] || continue
      case " $harden_old" in *" $harden_other "*) ;; *) continue ;; esac
    fi
    rm -rf ${RUNS}/"$harden_other"
  done
}`;

/**
 * Puts back what a run replaced, last step first: kept paths, then the step's own undo.
 * `sh undo.sh guard SECONDS` waits until the run has not been heard of for so long and undoes the steps that touch access, and those of the
 * guards that it took over, unless it was disarmed; `guard now` does not wait. `sh undo.sh NUMBER…` undoes those steps.
 * It prints what it did, and goes on where one step fails.
 */
export const UNDO_DRIVER: Script = sh`# Written by harden for this run; needs nothing but this directory.
run=$(cd "$(dirname "$0")" && pwd) || exit 1
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
failed=0

${raw(ENTER)}

put_back() {
  path=$(cat "$1/path"; printf x)
  path=\${path%x}
  item=
  if [ -e "$1/item" ] || [ -L "$1/item" ]; then item=$1/item; fi
  status=0
  harden_enter "$path" || status=$?
  if [ "$status" -ne 0 ]; then
    [ "$status" -eq 2 ] && [ -z "$item" ]
    return
  fi
  if [ -z "$item" ]; then
    rm -rf --one-file-system -- "./$harden_name" || return 1
    if [ -e "$1/parent" ]; then remove_made "$(cat "$1/parent")" "$path"; fi
    return 0
  fi
  for left in ./.harden-undo.??????; do if [ -d "$left" ] && [ ! -L "$left" ]; then rm -rf -- "$left"; fi; done
  private=$(mktemp -d ./.harden-undo.XXXXXX) && cd -P "$private" || return 1
  if cp -a -- "$item" new && { [ -d new ] || [ -L new ] || sync new; }; then
    if [ -d new ] && [ ! -L new ] || [ -d "../$harden_name" ] && [ ! -L "../$harden_name" ]; then rm -rf --one-file-system -- "../$harden_name"; fi
    mv -fT -- new "../$harden_name" && cd .. && rmdir -- "$private"
  else
    cd .. && rm -rf -- "$private"
    return 1
  fi
}

# Directories that the step made on the way, where nothing else has come into them.
remove_made() {
  made=$2
  while [ "$made" != "$1" ]; do
    made=\${made%/*}
    [ -n "$made" ] || return 0
    rmdir -- "$made" 2>/dev/null || return 0
  done
}

undo_step() {
  [ -e "$1/state" ] || return 0
  state=$(cat "$1/state")
  [ "$state" != undone ] || return 0
  rc=0
  for kept in "$1"/kept/*/; do
    [ -e "$kept/path" ] || continue
    (put_back "\${kept%/}") || rc=1
  done
  if [ -s "$1/undo" ]; then (exec 7<&-; set -eu; harden_step=$1; . "$1/undo") </dev/null || rc=1; fi
  if [ -d "$1/after" ]; then mkdir -p "$run/undo-after"; cp "$1"/after/* "$run/undo-after/" || rc=1; fi
  if [ "$rc" -eq 0 ]; then printf 'undone\n' >"$1/state"; echo "undone: $(cat "$1/name")"; else failed=1; echo "not undone: $(cat "$1/name")"; fi
}

run_after() {
  for after in "$run"/undo-after/*; do
    [ -e "$after" ] || continue
    if (exec 7<&-; set -eu; . "$after") </dev/null; then rm -f "$after"; else : >"$run/undo-failed"; echo "not run: $(basename "$after")"; fi
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
  {
    for step in "$@"; do undo_step "$run/$step"; done
    [ "$failed" -eq 0 ] || : >"$run/undo-failed"
    run_after
  } 2>&1 | tee -a "$run/undo.log"
  [ ! -e "$run/undo-failed" ]
fi
# whole
`;
