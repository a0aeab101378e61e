import type { Change } from '../../engine/diff.ts';
import { type Handler, WITHDRAWN } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { formatConfig, mergeConfig, parseConfig } from '../support/docker/daemon-json.ts';
import type { JsonMap } from '../support/docker/json.ts';
import { DAEMON_JSON, docker, LOADED } from '../support/docker/read-daemon.ts';
import { replaceFile, transformFile } from '../support/replace-file.ts';
import { changedOptions, consequenceOf } from './consequence.ts';
import { daemonKeys, isAtLeast } from './keys.ts';
import { type DaemonState, type DockerDaemon, inForce } from './state.ts';

/** The last configuration that dockerd is known to run with, while another one waits for its restart. */
const GOOD = '/var/lib/harden/docker-daemon';

/** What daemon.json is to hold; undefined: it may stay as it is. */
export function newFile(p: DockerDaemon, before: DaemonState): string | undefined {
  const old = fileOf(before);
  const { config } = parseConfig(old);
  const merged = mergeConfig(config, p.options, p.remove);
  return JSON.stringify(merged) === JSON.stringify(config) ? undefined : formatConfig(merged, old);
}

/** Script that writes the file; live-restore comes first and alone, so that containers outlive the restart that the rest needs. */
export function applyScript(p: DockerDaemon, change: Change<DaemonState>): Script {
  const file = newFile(p, change.before);
  if (file === undefined) return ':\n';
  const consequence = consequenceOf(p, change);
  const survives =
    consequence === 'restart' &&
    p.options['live-restore'] === true &&
    change.before?.[inForce('live-restore')] === 'false';
  const first = survives ? write(withLiveRestore(fileOf(change.before), true)) + reload('true') : '';
  const last = movesData(p, change)
    ? `(\n${RESTART}\n)\n`
    : consequence === 'nothing' && change.before?.loaded === true
      ? TELL_LOADED
      : '';
  return `mkdir -p -m 0755 /etc/docker\n${consequence === 'restart' ? KEEP_GOOD : ''}${first}${write(file)}${last}`;
}

/**
 * Whether the change itself restarts Docker, instead of a handler at the end: what a later task made until then would be left behind,
 * with containers that run on where nobody sees them.
 */
function movesData(p: DockerDaemon, change: Change<DaemonState>): boolean {
  return (
    consequenceOf(p, change) === 'restart' &&
    newFile(p, change.before) !== undefined &&
    changedOptions(p, change).some((option) => daemonKeys.get(option)?.hides)
  );
}

/** dockerd's own judgement of a candidate; from version 23 on. */
export function validateScript(p: DockerDaemon, before: DaemonState): Script | undefined {
  const file = newFile(p, before);
  if (file === undefined || !isAtLeast(String(before?.version ?? '0'), '23.0')) return undefined;
  return sh`printf %s ${file} >"$harden_tmp/daemon.json"
dockerd --validate --config-file="$harden_tmp/daemon.json" >"$harden_tmp/answer" 2>&1 || { cat "$harden_tmp/answer" >&2; exit 1; }`;
}

/** The handler that a change asks for. */
export function handlerFor(p: DockerDaemon, change: Change<DaemonState>): Handler | undefined {
  switch (consequenceOf(p, change)) {
    case 'restart':
      return movesData(p, change) ? undefined : { name: 'restart docker', check: CHECK, run: RESTART };
    case 'reload':
      return { name: 'reload docker', check: CHECK, run: `${TELL_LOADED}systemctl reload docker.service` };
    case 'nothing':
      return undefined;
  }
}

/** Script that makes the old file hold again, once it is back: containers outlive it where they outlive it now. */
export function undoScript(p: DockerDaemon, change: Change<DaemonState>): Script | undefined {
  if (change.before === null || consequenceOf(p, change) === 'nothing') return undefined;
  const old = fileOf(change.before);
  const givesUp = p.options['live-restore'] === true && parseConfig(old).config['live-restore'] !== true;
  const restart = 'systemctl reset-failed docker.service\nsystemctl restart docker.service\n';
  const back = old === undefined ? sh`rm -f ${DAEMON_JSON}\n` : write(old);
  const steps = givesUp
    ? write(withLiveRestore(old, true)) + restart + write(withLiveRestore(old, false)) + reload('false') + back
    : restart;
  return sh`rm -rf ${GOOD}\nif systemctl is-active -q docker.service; then\n${raw(steps)}fi\n${raw(TELL_LOADED)}`;
}

function fileOf(state: DaemonState): string | undefined {
  return typeof state?.file === 'string' ? state.file : undefined;
}

function withLiveRestore(old: string | undefined, value: boolean): string {
  const config: JsonMap = { ...parseConfig(old).config, 'live-restore': value };
  return formatConfig(config, old);
}

function write(content: string): Script {
  return replaceFile({ path: DAEMON_JSON, content });
}

// a reload answers before dockerd has read the file
function reload(liveRestore: 'true' | 'false'): Script {
  return sh`systemctl reload docker.service
tries=0
until [ "$(${raw(docker('info', '{{.LiveRestoreEnabled}}'))} 2>/dev/null)" = ${liveRestore} ]; do
  tries=$((tries + 1))
  [ "$tries" -le 50 ] || { echo ${`dockerd did not take over live-restore: ${liveRestore} when it was reloaded`} >&2; exit 1; }
  sleep 0.1
done
`;
}

const KEEP_GOOD = sh`if [ ! -d ${GOOD} ] && systemctl is-active -q docker.service; then
  rm -rf ${`${GOOD}.new`}
  mkdir -p -m 0700 ${`${GOOD}.new`}
  [ ! -e ${DAEMON_JSON} ] || cp -p ${DAEMON_JSON} ${`${GOOD}.new`}/daemon.json
  mv -T ${`${GOOD}.new`} ${GOOD}
fi
`;

const TELL_LOADED = sh`mkdir -p -m 0700 /run/harden
: >${LOADED}
`;

// 20.10 has no --validate, and its restart is what finds out; RESTART puts the old file back then
const CHECK = sh`[ -e ${DAEMON_JSON} ] || exit 0
case $(dockerd --version) in
  'Docker version 1'[0-9].* | 'Docker version 2'[0-2].*) ;;
  *) answer=$(dockerd --validate --config-file=${DAEMON_JSON} 2>&1) || { printf '%s\n' "$answer" >&2; exit 1; } ;;
esac`;

// a docker that was stopped reads the file when it starts; and three starts within a minute are the most that systemd allows, unless
// it is told to forget them
const RESTART = sh`systemctl is-active -q docker.service || { rm -rf ${GOOD}; exit 0; }
systemctl reset-failed docker.service 2>/dev/null || :
if ! systemctl restart docker.service; then
  journalctl -u docker.service -n 50 --no-pager -o cat | grep -E '^(failed|unable)|level=(error|fatal)|panic' | tail -n 5 >&2 || :
  if [ -d ${GOOD} ]; then
    if [ -e ${GOOD}/daemon.json ]; then
      ${raw(transformFile({ path: DAEMON_JSON, produce: sh`cat ${GOOD}/daemon.json` }).trimEnd())} || exit 1
    else
      rm -f ${DAEMON_JSON}
    fi
    rm -rf ${GOOD}
    systemctl reset-failed docker.service 2>/dev/null || :
    if systemctl restart docker.service; then
      echo 'docker did not start with the new daemon.json: the old one is back, and docker runs with it' >&2
      exit ${WITHDRAWN}
    else
      echo 'docker did not start with the new daemon.json, nor with the old one, which is back' >&2
    fi
  fi
  exit 1
fi
rm -rf ${GOOD}`;
