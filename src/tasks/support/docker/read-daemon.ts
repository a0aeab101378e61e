import { HostError } from '../../../errors.ts';
import { raw, type Script, sh } from '../../../remote/sh.ts';
import { type FlagInUse, flagsInUse } from './daemon-flags.ts';
import { isMap, type Json, type JsonMap } from './json.ts';
import { type Ceilings, ceilingsIn, readCeilings } from './ulimits.ts';

/** Where the daemon's configuration is kept. */
export const DAEMON_JSON = '/etc/docker/daemon.json';

/** Newer than daemon.json once a reload has read it, or where nothing needed one: dockerd's own pid file tells of restarts alone. */
export const LOADED = '/run/harden/docker-daemon';

const INFO_FIELDS =
  'ServerVersion LiveRestoreEnabled LoggingDriver SecurityOptions DockerRootDir Driver Debug Labels DefaultRuntime ExperimentalBuild Containers ContainersRunning'
    .split(' ')
    .map((field) => `"${field}":{{json .${field}}}`);
const INFO = `{${[...INFO_FIELDS, '"Mirrors":{{json .RegistryConfig.Mirrors}}', '"Plugins":{{json .Plugins}}', '"Swarm":{{json .Swarm.LocalNodeState}}'].join(',')}}`;
const BRIDGE = '{"Options":{{json .Options}}}';

/** What is on the host. */
export interface Daemon {
  /** dockerd's: `20.10.24+dfsg1`. */
  readonly version: string;
  readonly running: boolean;
  /** What `docker info` says; undefined where it does not run or cannot be asked. */
  readonly info: JsonMap | undefined;
  /** The default network: its options. */
  readonly bridge: JsonMap | undefined;
  /** False when daemon.json changed after dockerd had read it. */
  readonly loaded: boolean;
  readonly flags: readonly FlagInUse[];
  /** What limits it can give to containers. */
  readonly ceilings: Ceilings;
  /** daemon.json's text; undefined where there is none. */
  readonly file: string | undefined;
}

/** Script that prints what `parseDaemon` reads. Asks the socket only while dockerd runs: else systemd would start it. */
export function readDaemon(): Script {
  return sh`dockerd --version 2>/dev/null || exit 0
echo '== unit'
unit=$(systemctl show -p ExecStart,Environment,ActiveState,FragmentPath,DropInPaths docker.service 2>/dev/null)
printf '%s\n' "$unit"
echo '== defaults'
[ ! -f /etc/default/docker ] || grep '^[^#]' /etc/default/docker
case $unit in
  *ActiveState=active* | *ActiveState=reloading*)
    echo '== running'
    ${raw(docker('info', INFO))} 2>/dev/null
    echo '== bridge'
    ${raw(docker('network inspect bridge', BRIDGE))} 2>/dev/null
    if [ ${DAEMON_JSON} -nt /run/docker.pid ] && { [ ! -e ${LOADED} ] || [ ${DAEMON_JSON} -nt ${LOADED} ]; }; then echo '== stale'; fi
    ;;
esac
echo '== limits'
${raw(readCeilings())}
[ ! -e ${DAEMON_JSON} ] || { echo '== file'; cat ${DAEMON_JSON}; }`;
}

/** A docker command with its `-f` template, on this host's own socket whatever the root user's context says. */
export function docker(command: string, format: string): Script {
  return sh`docker -H unix:///run/docker.sock ${raw(command)} -f ${format}`;
}

/** What `readDaemon` printed; null where there is no dockerd. */
export function parseDaemon(output: string): Daemon | null {
  const version = /^Docker version ([^,\s]+)/.exec(output)?.[1];
  if (version === undefined) {
    if (output.trim() === '') return null;
    throw new HostError(`dockerd --version gave an unexpected answer: ${JSON.stringify(output.slice(0, 80))}`);
  }
  const fileAt = output.indexOf('\n== file\n');
  const head = fileAt === -1 ? output : output.slice(0, fileAt + 1);
  const section = (name: string): string | undefined =>
    new RegExp(`^== ${name}\\n((?:(?!== ).*\\n?)*)`, 'm').exec(head)?.[1];
  const unit = new Map(
    (section('unit') ?? '')
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return {
    version,
    running: section('running') !== undefined,
    info: parseMap(section('running')),
    bridge: parseMap(section('bridge')),
    loaded: section('stale') === undefined,
    flags: flagsInUse({
      execStart: unit.get('ExecStart') ?? '',
      unitFile: (unit.get('DropInPaths') || unit.get('FragmentPath') || 'docker.service').split(' ').at(-1) ?? '',
      environment: unit.get('Environment') ?? '',
      defaults: section('defaults') ?? '',
    }),
    ceilings: ceilingsIn(section('limits') ?? ''),
    file: fileAt === -1 ? undefined : output.slice(fileAt + '\n== file\n'.length),
  };
}

function parseMap(text: string | undefined): JsonMap | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  try {
    const value: Json = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
