import { defineTask } from '../../engine/task.ts';
import { leaves } from '../support/docker/daemon-json.ts';
import { proveDocker } from '../support/docker/prove-docker.ts';
import { DAEMON_JSON, parseDaemon, readDaemon } from '../support/docker/read-daemon.ts';
import { refusal } from '../support/finding.ts';
import { certificateNeeds } from './choices.ts';
import { daemonFindings } from './findings.ts';
import { aroundDaemon, daemonPart, daemonRangeFindings, hostPart, speaksOfRanges } from './ranges.ts';
import { applyScript, handlerFor, undoScript, validateScript } from './scripts.ts';
import { type DaemonState, DockerDaemon, readState, wantState } from './state.ts';

/** dockerd's configuration: daemon.json, and what the running dockerd does. */
export const dockerDaemonTask = defineTask<DockerDaemon, DaemonState>({
  type: 'docker_daemon',
  summary: 'The configuration of dockerd: daemon.json, and what the running dockerd does.',
  notes:
    "Keys are merged into `/etc/docker/daemon.json`; the file's other keys stay. Read as well: `docker info` and the default network, so a dockerd that has not been restarted since is seen. Refused at plan: keys that the installed version does not know, values of the wrong kind, keys that the unit's command line sets already (`hosts` beside `-H fd://`, `$DOCKER_OPTS`), log-opts that the log-driver does not take, `default-ulimits` above what dockerd and containerd can give on this host (`/proc/PID/limits`; no container would start), what `dockerd --validate` (23 and later) refuses, and ranges of addresses (`bip`, `fixed-cidr`, `default-address-pools`) that hold your address or one of the host, or overlap with a route of the host that is not Docker’s own. Docker is reloaded where that is enough and restarted where it is not, at once where it moves its data (`userns-remap`, `data-root`, `storage-driver`), so that later tasks find what they make; `live-restore: true` is put in force first, so that containers outlive the restart; a dockerd that does not come back gets its old file back. docker-bench 2.2 to 2.16.",
  params: DockerDaemon,
  examples: [
    {
      options: {
        icc: false,
        'live-restore': true,
        'userland-proxy': false,
        'no-new-privileges': true,
        'log-driver': 'json-file',
        'log-opts': { 'max-size': '10m', 'max-file': '3' },
        'default-ulimits': { nofile: { Soft: 16384, Hard: 16384 } },
      },
    },
    { options: { 'userns-remap': 'default' }, restart: 'never' },
    { remove: ['insecure-registries', 'log-opts.max-file'] },
  ],
  id: () => DAEMON_JSON,
  probe: (p) => (speaksOfRanges(p) ? aroundDaemon() : readDaemon()),
  read: (output, p) => readState(parseDaemon(daemonPart(output)), p, hostPart(output)),
  want: wantState,
  apply: (change, p) => applyScript(p, change),
  proof: () => proveDocker(),
  needs: (p) => ['command:dockerd', ...certificateNeeds(p)],
  provides: () => [`path:${DAEMON_JSON}`],
  validate: (change, p) => validateScript(p, change.before),
  findings: (change, p, { facts, before }) =>
    facts.systemd || p.restart === 'never'
      ? [...daemonFindings(p, change, before), ...daemonRangeFindings(p, change, before, facts)]
      : [
          refusal(
            'this host does not run systemd, so Docker cannot be restarted',
            'restart: never writes the file alone',
          ),
        ],
  handlers(p, change) {
    const handler = handlerFor(p, change);
    return handler === undefined ? [] : [handler];
  },
  keeps: () => [DAEMON_JSON],
  undo: (change, p) => undoScript(p, change),
  // a proxy's password stands in its URL
  secrets: (p) =>
    leaves(p.options).flatMap(({ value }) =>
      typeof value === 'string' ? (/^[a-z0-9]+:\/\/[^/@\s:]*:([^/@\s]+)@/i.exec(value)?.slice(1) ?? []) : [],
    ),
});
