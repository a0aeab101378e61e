import { type Script, sh } from '../../remote/sh.ts';
import { RUNS, RUNTIME_DIRECTORY } from '../host-layout.ts';

/** A run that has shown no sign of life for so long is gone: each batch shows one every few seconds, and between batches little is done. */
export const STALE_SECONDS = 120;

/**
 * `harden_holder` tells of the run that holds the host's lock: `harden_pid`, its shell; `harden_theirs`, its directory in the journal;
 * `harden_silent`, the seconds since its last sign of life. It fails where nothing can be told, so also where none holds it.
 */
export const HOLDER: Script = sh`harden_holder() {
  read -r harden_pid harden_theirs 2>/dev/null <${RUNTIME_DIRECTORY}/holder.pid || return 1
  [ "$(readlink "/proc/$harden_pid/fd/9")" = ${RUNTIME_DIRECTORY}/lock ] || return 1
  read -r harden_seen 2>/dev/null <"$harden_theirs" || return 1
  case $harden_seen in '' | *[!0-9]*) return 1 ;; esac
  read -r harden_up _ </proc/uptime
  harden_silent=$((\${harden_up%%.*} - harden_seen))
  harden_theirs=${RUNS}/\${harden_theirs##*/alive.}
}`;
