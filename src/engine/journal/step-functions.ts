import { raw, sh } from '../../remote/sh.ts';
import { HOST_FILES } from '../host-files/index.ts';
import { PENDING, RUNS, RUNTIME_DIRECTORY } from '../host-layout.ts';
import { SNAPSHOT_FUNCTIONS } from '../snapshot/index.ts';
import { HOLDER, STALE_SECONDS } from './holder.ts';
import { UNDO_DRIVER } from './undo-driver.ts';

/** How long a run waits for the running step of one that is gone; a step is never broken off. */
const TAKE_OVER_SECONDS = 60;

/** How many runs the journal keeps; beyond the newest few, those that are older than so many days go too. */
const KEPT_RUNS = 50;
const KEPT_DAYS = 180;
const ALWAYS_KEPT_RUNS = 10;

/**
 * What a step uses to keep the journal. Each path is kept before it changes; its name is written last, so a copy that was cut off
 * counts for nothing. Where nothing was, only the name is kept, and undo removes what came.
 */
export const STEP_FUNCTIONS = sh`${raw(HOST_FILES)}${raw(HOLDER)}
${raw(SNAPSHOT_FUNCTIONS)}
harden_fail() { printf '%s\n' "$1" >&2; exit 1; }
harden_full() {
  harden_fail "the journal cannot be written, so nothing was changed: $(df -Pk "$harden_run" | awk 'NR == 2 { print $4 " KiB free on " $6 }')"
}
harden_note() { printf '%s\n' "$2" >"$harden_step/$1" || harden_full; }
harden_begin() {
  [ ! -e "$harden_run/fired" ] || harden_fail 'the host has not heard of this run for too long and has undone what touched the way in: nothing more is changed'
  [ -e "$harden_run/armed" ] || harden_fail 'the guard of this run is not armed: nothing more is changed'
  harden_step=$harden_run/$1
  harden_tmp=
  trap harden_end EXIT
  harden_alive
  harden_busy
  mkdir "$harden_step" "$harden_step/kept" || harden_full
  harden_note name "$2"
  harden_kept=0
  harden_tmp=$(mktemp -d ${RUNTIME_DIRECTORY}/tmp.XXXXXX)
}
# A step or a handler is at work; where that can be stopped.
harden_busy() {
  printf '%s\n' "$harden_io" >"$harden_run/io" && : >"$harden_run/busy" || harden_full
}
harden_end() {
  [ -z "$harden_tmp" ] || rm -rf "$harden_tmp"
  # One that was cut off does not come here.
  if read -r harden_word 2>/dev/null <"$harden_step/state" && [ "$harden_word" = started ]; then
    harden_touched "$harden_step"
    printf 'failed \n' 1<>"$harden_step/state" || :
  fi
  rm -f "$harden_run/busy"
}
# What a login hangs on differs from how it was before: these steps, whatever they are, may have shut the way in.
harden_touched() {
  [ -d "$harden_run/snapshot" ] || return 0
  harden_said=$(harden_compare "$harden_run/snapshot") || harden_said="$harden_said
the comparison failed"
  [ -n "$harden_said" ] || return 0
  for harden_item in "$@"; do printf '%s\n' "$harden_said" >>"$harden_item/access" || :; done
}
harden_handled() {
  set -- "$harden_run"/[0-9]*/after/"$1"
  for harden_item in "$@"; do
    shift
    [ ! -e "$harden_item" ] || set -- "$@" "\${harden_item%/after/*}"
  done
  harden_said=
  harden_touched "$@"
  # What a handler did is not undone by running it again.
  [ -z "$harden_said" ] || : >"$harden_run/restore"
  rm -f "$harden_run/busy"
}
harden_keep() {
  for harden_path in "$@"; do
    harden_keep_next "$harden_path" ''
    # What is written to a link goes to the file that it names.
    if [ -L "$harden_path" ] && [ -f "$harden_path" ]; then
      harden_behind=$(harden_enter "$harden_path" follow 2>/dev/null && printf '%s/%s' "\${PWD%/}" "$harden_name") && harden_keep_next "$harden_behind" behind || harden_fail "$harden_path is a link that is not followed, so nothing was changed"
    fi
  done
}
harden_keep_next() {
  for harden_item in "$harden_step"/kept/*/path; do
    [ ! -s "$harden_item" ] || [ "$(cat "$harden_item")" != "$1" ] || return 0
  done
  harden_kept=$((harden_kept + 1))
  mkdir "$harden_step/kept/$harden_kept" && (harden_keep_one "$1" "$harden_step/kept/$harden_kept") || {
    rm -rf "$harden_step/kept/$harden_kept"
    harden_fail "$1 could not be kept for a rollback, so nothing was changed"
  }
  [ -z "$2" ] || : >"$harden_step/kept/$harden_kept/behind"
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
    harden_take "$2/item" || return 1
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
  printf '%s' "$5" >"$harden_step/after/$1"
}
# From here on the step counts, so all that undoes it must outlive a power cut.
harden_started() {
  harden_note state started
  find "$harden_step" -type f -exec sync {} + && sync "$harden_step" || harden_full
}
harden_alive() {
  read -r harden_up _ </proc/uptime
  printf '%s\n' "\${harden_up%%.*}" >"$harden_life"
}
harden_done() {
  harden_touched "$harden_step"
  harden_leave
  # As long as the word before, in its place: that a step is done must be sayable on a full disk.
  printf 'done   \n' 1<>"$harden_step/state"
}
# How the step leaves what it kept: a rollback can tell what somebody else changed since.
harden_leave() {
  for harden_item in "$harden_step"/kept/*/; do
    [ -s "$harden_item/path" ] || continue
    if [ -e "$harden_item/behind" ] && [ "$(harden_digest "$harden_item/item")" = "$(harden_digest "$(cat "$harden_item/path")")" ]; then
      rm -rf "$harden_item"
      continue
    fi
    harden_digest "$(cat "$harden_item/path")" >"$harden_item/left" 2>/dev/null || rm -f "$harden_item/left"
  done
}
harden_still=
harden_take_over() {
  # A client that was cut off silently leaves its shell waiting; sshd may take hours to notice.
  harden_holder || return 1
  [ "$harden_silent" -gt ${STALE_SECONDS} ] || [ -e "$harden_theirs/fired" ] || return 1
  # The step that it may be at ends first, and no other starts.
  if read -r harden_other <"$harden_theirs/io" && [ -d "$harden_other" ]; then true >"$harden_other/stop"; fi
  harden_tries=0
  while harden_at_work "$harden_pid"; do
    [ "$harden_tries" -lt ${TAKE_OVER_SECONDS} ] || { harden_still='; it has gone silent, its last step has not ended yet, and it will start no other'; return 1; }
    harden_tries=$((harden_tries + 1))
    sleep 1
  done
  kill -KILL "$harden_pid" 2>/dev/null
  flock -w 5 9
}
harden_at_work() {
  # Children of the shell: the reader of its stdin, the step, or a cat whose reader is gone.
  harden_children=0
  for harden_status in $(grep -lsx "PPid:[[:space:]]*$1" /proc/[0-9]*/status); do
    grep -qsx 'Name:[[:space:]]*cat' "$harden_status" || harden_children=$((harden_children + 1))
  done
  [ "$harden_children" -gt 1 ]
}
harden_settled() {
  for harden_armed in "$@"; do
    [ -e "$harden_armed" ] || { echo "the guard of \${harden_armed%/armed} has fired since the plan was made" >&2; return 1; }
  done
  for harden_fired in ${RUNS}/*/fired; do
    harden_other=\${harden_fired%/fired}
    if [ -e "$harden_fired" ] && [ ! -e "$harden_other/guard-undone" ]; then
      [ "$(tail -n 1 "$harden_other/undo.sh" 2>/dev/null)" = '# whole' ] || printf '%s' ${UNDO_DRIVER} >"$harden_other/undo.sh"
      sh "$harden_other/undo.sh" guard now
      echo "the host was just undoing what $harden_other could not prove" >&2
      return 1
    fi
  done
}
# The runs, newest first, as "number name": a run's number is the host's own count, whatever the clocks say.
harden_newest() {
  for harden_other in ${RUNS}/*/; do
    [ -d "$harden_other" ] || continue
    harden_number=
    read -r harden_number 2>/dev/null <"$harden_other/number" || :
    case $harden_number in '' | *[!0-9]* | ??????????*) harden_number=0 ;; esac
    harden_other=\${harden_other%/}
    printf '%s %s\n' "$harden_number" "\${harden_other##*/}"
  done | sort -k 1,1nr -k 2,2r
}
harden_prune() {
  harden_old=$(find ${RUNS} -mindepth 1 -maxdepth 1 -mtime +${KEPT_DAYS} -printf '%f ')
  harden_newest | {
    harden_count=0
    while read -r _ harden_other; do
      harden_count=$((harden_count + 1))
      [ "$harden_other" != "$harden_id" ] || continue
      [ ! -e ${RUNS}/"$harden_other"/armed ] && [ ! -e ${RUNS}/"$harden_other"/adopted ] || continue
      if [ "$harden_count" -le ${KEPT_RUNS} ]; then
        [ "$harden_count" -gt ${ALWAYS_KEPT_RUNS} ] || continue
        case " $harden_old" in *" $harden_other "*) ;; *) continue ;; esac
      fi
      rm -rf ${RUNS}/"$harden_other"
    done
  }
}`;
