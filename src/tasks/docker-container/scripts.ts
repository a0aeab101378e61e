import type { Change } from '../../engine/diff.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { DOCKER } from '../support/docker/cli.ts';
import { HEALTH_SAID } from '../support/docker/health-said.ts';
import { imageKey } from '../support/docker/image-ref.ts';
import { inspectImage } from '../support/docker/image-state.ts';
import { askRegistry } from '../support/docker/registry.ts';
import { readCeilings } from '../support/docker/ulimits.ts';
import { aroundIn } from './around.ts';
import type { ContainerState } from './container-state.ts';
import { containerFields } from './fields.ts';
import { restartPolicy } from './fields-limits.ts';
import { commandWords } from './fields-process.ts';
import { volumes } from './fields-storage.ts';
import { type DockerContainer, sharedContainers } from './params.ts';
import { inPlaceKeys, isNoLimit, makesAnew } from './state.ts';

/** What a container is called until it takes the place of the one before it. */
const NEW = '.harden-new';

/** What the container before is called until the new one has proved itself. */
const OLD = '.harden-old';

/** Script that prints the container, its image, the image that is wanted, and what stands around them. */
export function probeContainer(p: DockerContainer): Script {
  const name = p.name;
  const parts = [
    sh`container=$(${DOCKER} container inspect ${name} 2>/dev/null)
echo '== container'
printf '%s\n' "$container"
! ${DOCKER} container inspect ${name + OLD} >/dev/null 2>&1 || echo '== leftover'`,
  ];
  if (p.image !== undefined && p.state !== 'absent') {
    const sources = volumes(p)
      .filter((line) => line.startsWith('/'))
      .map((line) => line.slice(0, line.indexOf(':')));
    parts.push(sh`id=$(${DOCKER} container inspect -f '{{.Image}}' ${name} 2>/dev/null)
echo '== made'
[ -z "$id" ] || ${DOCKER} image inspect "$id" 2>/dev/null
wanted=$(${raw(inspectImage(p.image))})
echo '== wanted'
printf '%s\n' "$wanted"
echo '== info'
${DOCKER} info -f '[{{.NCPU}},{{.MemoryLimit}},{{.PidsLimit}},{{.CPUCfsQuota}}]'
echo '== ceilings'
${raw(readCeilings())}
echo '== shared'
for other in ${sharedContainers(p)}; do ${DOCKER} container inspect -f '{{.Id}}' "$other" 2>/dev/null | sed "s/$/ $other/"; done
echo '== missing'
for source in ${sources}; do [ -e "$source" ] || printf '%s\n' "$source"; done
echo '== listening'
${raw(p.published_ports.length === 0 ? ':' : "ss -Hltun 2>/dev/null | awk '{ print $1, $5 }'")}
echo '== registry'
${raw(registryQuestion(p.image, p.pull))}`);
  }
  return parts.join('\n');
}

function registryQuestion(image: string, pull: DockerContainer['pull']): Script {
  if (pull === 'never') return ':';
  return pull === 'always' ? askRegistry(image) : `[ "$wanted" = '[]' ] || exit 0\n${askRegistry(image)}`;
}

/** Script that makes the change; safe to repeat after being cut off anywhere. */
export function applyContainer(change: Change<ContainerState>, p: DockerContainer): Script {
  if (p.state === 'absent') return removeContainer(p.name);
  if (change.before?.state === 'absent' || makesAnew(change)) return makeContainer(p, change.before);
  const old = sh`! ${DOCKER} container inspect ${p.name + OLD} >/dev/null 2>&1 || ${DOCKER} rm -f ${p.name + OLD} >/dev/null\n`;
  const updated = inPlaceKeys(change.keys);
  return [
    change.keys.includes('leftover') ? old : '',
    updated.length === 0 ? '' : sh`${DOCKER} update ${updateArgs(p)} ${p.name} >/dev/null\n`,
    change.keys.includes('state') ? transition(p) : '',
  ].join('');
}

/** Script that makes the state of before hold again, as far as that can be. */
export function undoContainer(change: Change<ContainerState>, p: DockerContainer): Script | undefined {
  const { before } = change;
  if (p.state === 'absent') return undefined;
  if (before.state === 'absent') return removeContainer(p.name);
  if (makesAnew(change)) return undefined;
  const back = inPlaceKeys(change.keys).flatMap((key) =>
    isNoLimit(key, before[key]) ? [] : oldArgs(key, before[key]),
  );
  return [
    back.length === 0 ? '' : sh`${DOCKER} update ${back} ${p.name} >/dev/null\n`,
    change.keys.includes('state')
      ? sh`${DOCKER} ${before.state === 'stopped' ? 'stop' : 'start'} ${p.name} >/dev/null\n`
      : '',
  ].join('');
}

function removeContainer(name: string): Script {
  return sh`for container in ${[name, name + OLD, name + NEW]}; do
  ${DOCKER} container inspect "$container" >/dev/null 2>&1 || continue
  ${DOCKER} stop "$container" >/dev/null
  ${DOCKER} rm -f "$container" >/dev/null
done
`;
}

// the new one is made, whole, before the old one is touched; the old one goes when the new one has proved itself, and else it comes back
function makeContainer(p: DockerContainer, before: ContainerState | null): Script {
  const image = imageKey(p.image ?? '');
  const [name, next, old] = [p.name, p.name + NEW, p.name + OLD];
  const environment = Object.entries(p.env).map(([variable, value]) => sh`  printf '%s\n' ${`${variable}=${value}`}\n`);
  const connect = p.networks
    .slice(1)
    .map(
      (network) =>
        sh`${DOCKER} network connect ${network.aliases.flatMap((alias) => ['--alias', alias])} ${network.ipv4_address === undefined ? [] : ['--ip', network.ipv4_address]} ${network.name} ${next}\n`,
    );
  const args = containerFields.flatMap((field) => field.args(p));
  return sh`there() {
  ${DOCKER} container inspect "$1" >/dev/null 2>&1
}
if there ${old}; then
  if there ${name}; then ${DOCKER} rm -f ${name} >/dev/null; fi
  ${DOCKER} rename ${old} ${name}
fi
if there ${next}; then ${DOCKER} rm -f ${next} >/dev/null; fi
${raw(pullImage(p, before))}{
  :
${raw(environment.join(''))}} >"$harden_tmp/env"
${DOCKER} --config "$harden_tmp" create --name ${next} --env-file "$harden_tmp/env" ${args} ${image} ${commandWords(p)} >/dev/null
${raw(connect.join(''))}was=false
if there ${name}; then
  was=$(${DOCKER} container inspect -f '{{.State.Running}}' ${name})
  ${DOCKER} stop ${name} >/dev/null
  ${DOCKER} rename ${name} ${old}
fi
${DOCKER} rename ${next} ${name}
${raw(p.state === 'started' ? proveNew(p) : '')}if there ${old}; then ${DOCKER} rm ${old} >/dev/null; fi
`;
}

function pullImage(p: DockerContainer, before: ContainerState | null): Script {
  const image = imageKey(p.image ?? '');
  if (p.pull === 'never') return '';
  return p.pull === 'always' && aroundIn(before)?.registry?.digest !== undefined
    ? sh`${DOCKER} pull -q ${image} >/dev/null\n`
    : sh`${DOCKER} image inspect ${image} >/dev/null 2>&1 || ${DOCKER} pull -q ${image} >/dev/null\n`;
}

function proveNew(p: DockerContainer): Script {
  const [name, old] = [p.name, p.name + OLD];
  return sh`${raw(waitFunction(p))}if ! ${DOCKER} start ${name} >/dev/null || ! well; then
  health_said ${name}
  ${DOCKER} logs --tail 20 ${name} >&2 || :
  if there ${old}; then
    ${DOCKER} rm -f ${name} >/dev/null
    ${DOCKER} rename ${old} ${name}
    if [ "$was" = true ]; then ${DOCKER} start ${name} >/dev/null; fi
    echo ${`the container before is back under the name ${name}`} >&2
  else
    ${DOCKER} stop ${name} >/dev/null
  fi
  exit 1
fi
`;
}

// without a health check, a container that still runs after three seconds counts as well
function waitFunction(p: DockerContainer): Script {
  const format =
    '{{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.State.ExitCode}}';
  return sh`${raw(HEALTH_SAID)}well() {
  tries=0
  while :; do
    seen=$(${DOCKER} container inspect -f ${format} ${p.name})
    case $seen in
      'running 0 healthy '*) return 0 ;;
      'running 0 none '*) [ "$tries" -lt 6 ] || return 0 ;;
      'running 0 starting '*) ;;
      'running 0 unhealthy '*) echo ${`${p.name} is unhealthy`} >&2; return 1 ;;
      *) echo ${`${p.name} does not stay up: status`} "\${seen##* }" >&2; return 1 ;;
    esac
    [ "$tries" -lt ${2 * p.healthy_wait_timeout} ] || { echo ${`${p.name} did not become healthy within ${p.healthy_wait_timeout} seconds`} >&2; return 1; }
    tries=$((tries + 1))
    sleep 0.5
  done
}
`;
}

function transition(p: DockerContainer): Script {
  if (p.state === 'stopped') return sh`${DOCKER} stop ${p.name} >/dev/null\n`;
  return sh`! ${DOCKER} container inspect -f '{{.State.Status}}' ${p.name} | grep -qx paused || ${DOCKER} unpause ${p.name} >/dev/null
${raw(waitFunction(p))}${DOCKER} restart ${p.name} >/dev/null
well || { health_said ${p.name}; ${DOCKER} logs --tail 20 ${p.name} >&2 || :; exit 1; }
`;
}

// all at once: Docker judges memory and swap together
function updateArgs(p: DockerContainer): readonly string[] {
  const swap = p.memory_swap ?? 2 * p.memory;
  return [
    ...(p.memory === 0 ? [] : ['--memory', String(p.memory), '--memory-swap', String(swap)]),
    ...(p.cpus === 0 ? [] : ['--cpus', String(p.cpus)]),
    ...['--pids-limit', String(p.pids_limit === 0 ? -1 : p.pids_limit)],
    ...['--restart', restartPolicy(p)],
  ];
}

function oldArgs(key: string, value: unknown): readonly string[] {
  const text = String(value);
  if (key === 'restart_policy') return ['--restart', text];
  if (key === 'cpus') return ['--cpus', text];
  if (key === 'pids_limit') return ['--pids-limit', text === '0' ? '-1' : text];
  if (key === 'memory') {
    const [amount = '0', unit = 'bytes'] = text.split(' ');
    const bytes = Number(amount) * 1024 ** ['bytes', 'KiB', 'MiB', 'GiB'].indexOf(unit);
    return ['--memory', String(bytes), '--memory-swap', String(2 * bytes)];
  }
  return [];
}
