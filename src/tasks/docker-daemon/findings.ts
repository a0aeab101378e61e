import type { Change } from '../../engine/diff.ts';
import type { Finding } from '../../engine/task.ts';
import { didYouMean } from '../../text/did-you-mean.ts';
import { mergeConfig, parseConfig } from '../support/docker/daemon-json.ts';
import { isMap, type JsonMap } from '../support/docker/json.ts';
import { DAEMON_JSON } from '../support/docker/read-daemon.ts';
import { type Ceilings, ulimitFindings } from '../support/docker/ulimits.ts';
import { refusal, warning } from '../support/finding.ts';
import { choiceFindings } from './choices.ts';
import { changedOptions, consequenceOf } from './consequence.ts';
import { wantedEffect } from './effects.ts';
import { daemonKeys, isAtLeast, NEWEST_KNOWN } from './keys.ts';
import { logOptErrors } from './log-opts.ts';
import { type DaemonState, type DockerDaemon, inForce, waits } from './state.ts';

type Known = NonNullable<DaemonState>;

/** What follows from the host as it is and from the change; nothing of what dockerd would refuse gets past them. */
export function daemonFindings(
  p: DockerDaemon,
  change: Change<DaemonState> | undefined,
  before: DaemonState,
): Finding[] {
  if (before === null) return [refusal('this host has no dockerd', 'Install Docker in an earlier task')];
  if (typeof before.broken === 'string') {
    return [
      refusal(`${DAEMON_JSON}:${before.broken}`, 'Its keys are to be kept, so it must be JSON: mend it or remove it'),
    ];
  }
  const config = mergeConfig(
    parseConfig(typeof before.file === 'string' ? before.file : undefined).config,
    p.options,
    p.remove,
  );
  return [
    ...Object.keys(config).flatMap((key) => keyFindings(key, p, before)),
    ...flagConflicts(config, before),
    ...logOptErrors(config).map((message) => refusal(message, 'Take it out with remove, or choose another log-driver')),
    ...valueFindings(config, before),
    ...limitFindings(config, before),
    ...inForceFindings(p, before),
    ...(change ? changeFindings(p, change, before) : []),
  ];
}

function keyFindings(key: string, p: DockerDaemon, before: Known): Finding[] {
  const version = String(before.version);
  const known = daemonKeys.get(key);
  const where = key in p.options ? '' : ` (${DAEMON_JSON} has it)`;
  const out = key in p.options ? 'Leave it out on this host' : `Take it out with remove: [${key}]`;
  if (known === undefined) {
    if (!isAtLeast(NEWEST_KNOWN, version.replace(/\.\d+\D*$/, ''))) return [];
    return [
      refusal(
        `dockerd ${version} knows no key ${key}${where}: it would not start`,
        didYouMean(key, daemonKeys.keys()) ?? out,
        ['package:'],
      ),
    ];
  }
  if (known.since !== undefined && !isAtLeast(version, known.since)) {
    return [
      refusal(
        `${key} came with Docker ${known.since}, and this host has dockerd ${version}${where}: it would not start`,
        out,
        ['package:'],
      ),
    ];
  }
  if (known.until !== undefined && isAtLeast(version, known.until)) {
    return [
      refusal(
        `${key} went with Docker ${known.until}, and this host has dockerd ${version}${where}: it would not start`,
        out,
        ['package:'],
      ),
    ];
  }
  return [];
}

function flagConflicts(config: JsonMap, before: Known): Finding[] {
  const proxies = isMap(config.proxies) ? Object.keys(config.proxies) : [];
  const keys = new Set([...Object.keys(config), ...proxies]);
  const flags = (Array.isArray(before.flags) ? before.flags : []).map((line) => line.split(' '));
  return flags
    .filter(([key = '']) => keys.has(key) && key !== 'runtimes')
    .map(([key = '', flag, from]) =>
      refusal(
        `${key} in daemon.json and ${flag} in ${from} exclude each other: dockerd would not start`,
        from === '/etc/default/docker'
          ? `Take ${flag} out of DOCKER_OPTS there, in a task before this one`
          : `Leave ${key} out here, or replace ExecStart in a drop-in under /etc/systemd/system/docker.service.d`,
      ),
    );
}

function valueFindings(config: JsonMap, before: Known): Finding[] {
  const findings: Finding[] = [];
  if (config['live-restore'] === true && before.swarm === true) {
    findings.push(
      refusal('live-restore does not work on a Swarm node: dockerd would not start', 'Leave live-restore out here'),
    );
  }
  const hosts = Array.isArray(config.hosts) ? config.hosts.map(String) : [];
  if (hosts.some((host) => host.startsWith('tcp://')) && config.tlsverify !== true) {
    findings.push(
      warning(
        'hosts opens a TCP socket without tlsverify: whoever reaches it is root on this host',
        'Set tlsverify, tlscacert, tlscert and tlskey, or use ssh:// instead of TCP',
      ),
    );
  }
  if (config.iptables === false)
    findings.push(
      warning('iptables: false leaves containers without a network of their own, and published ports unprotected'),
    );
  const insecure = config['insecure-registries'];
  if (Array.isArray(insecure) && insecure.length > 0)
    findings.push(warning('insecure-registries lets images come unencrypted and unverified (docker-bench 2.5)'));
  return findings;
}

function limitFindings(config: JsonMap, before: Known): readonly Finding[] {
  const limits = config['default-ulimits'];
  if (!isMap(limits) || typeof before.ceilings !== 'string') return [];
  return ulimitFindings(
    Object.entries(limits).map(([name, limit]) => ({ name, hard: isMap(limit) ? Number(limit.Hard) : Number.NaN })),
    JSON.parse(before.ceilings) as Ceilings,
    (name) => `default-ulimits.${name}`,
  );
}

function inForceFindings(p: DockerDaemon, before: Known): Finding[] {
  if (before.running !== true)
    return [
      warning(
        'Docker does not run: the file is compared, its effect cannot be',
        'A service task with state: started starts it',
      ),
    ];
  if (before.reachable !== true)
    return [
      warning('dockerd cannot be asked (is the docker command installed?): the file is compared, its effect is not'),
    ];
  return Object.entries(p.options)
    .filter(([key, value]) => waits(key, p, before) && before[inForce(key)] !== wantedEffect(key, value))
    .map(([key]) =>
      warning(
        `${key} is not in force on the default network while containers run that live-restore keeps`,
        'Stop them, restart docker, and start them again; or use networks of their own',
      ),
    );
}

function changeFindings(p: DockerDaemon, change: Change<DaemonState>, before: Known): Finding[] {
  const changed = changedOptions(p, change);
  const findings: Finding[] = [];
  if (p.restart === 'never') {
    const waiting = before.running === true && consequenceOf({ ...p, restart: 'auto' }, change) !== 'nothing';
    if (waiting)
      findings.push(
        warning('restart: never leaves the running dockerd as it is: the change comes with its next restart'),
      );
  } else if (consequenceOf(p, change) === 'restart' && before.busy === true && !survives(p, before)) {
    findings.push(
      warning(
        'Docker will be restarted, which stops the running containers; only those with a restart policy come back',
        'live-restore: true keeps them running',
      ),
    );
  }
  const containers = Number(before.containers);
  const stuck = changed.filter(
    (key) => daemonKeys.get(key)?.recreate && before[inForce(key)] !== wantedEffect(key, p.options[key] ?? null),
  );
  if (containers > 0 && stuck.length > 0) {
    const many =
      containers === 1
        ? '1 container must be recreated: it keeps what it was'
        : `${containers} containers must be recreated: they keep what they were`;
    findings.push(
      warning(
        `${many} created with: ${stuck.join(', ')}`,
        'It holds for containers that are created from now on: `docker rm -f` and a new apply of what made them, or `docker compose up -d --force-recreate`',
      ),
    );
  }
  for (const key of changed.filter((name) => hides(name, p))) {
    if (before[inForce(key)] === wantedEffect(key, p.options[key] ?? null)) continue;
    findings.push(
      warning(
        `${key} makes Docker look for images, containers and volumes in another place: those of now will not be seen until it is taken back`,
        before.busy === true && survives(p, before)
          ? 'Stop the containers first: live-restore lets them run on, where Docker neither sees nor stops them'
          : undefined,
      ),
    );
  }
  return [...findings, ...choiceFindings(changed, p, before)];
}

function hides(key: string, p: DockerDaemon): boolean {
  if (daemonKeys.get(key)?.hides) return true;
  const features = p.options.features;
  return key === 'features' && isMap(features) && 'containerd-snapshotter' in features;
}

function survives(p: DockerDaemon, before: Known): boolean {
  return (p.options['live-restore'] ?? before[inForce('live-restore')] === 'true') === true;
}
