import { listAt, mapAt, textAt } from '../support/docker/cli.ts';
import { isMap } from '../support/docker/json.ts';
import { spellBytes } from '../support/docker/words.ts';
import { type Field, flags, hostOf, numberAt, pairs, sorted } from './field.ts';
import type { DockerContainer } from './params.ts';

/** How much of the host a container may take. */
export const limitsFields: readonly Field[] = [
  {
    key: 'memory',
    want: (p) => spellBytes(p.memory),
    read: (container) => spellBytes(numberAt(hostOf(container), 'Memory')),
    args: (p) => (p.memory === 0 ? [] : ['--memory', String(p.memory)]),
    inPlace: true,
  },
  {
    key: 'memory_swap',
    want: (p) => (p.memory_swap === undefined ? undefined : spellBytes(p.memory_swap)),
    read: (container) => spellBytes(numberAt(hostOf(container), 'MemorySwap')),
    args: (p) => (p.memory_swap === undefined ? [] : ['--memory-swap', String(p.memory_swap)]),
    inPlace: true,
  },
  {
    key: 'shm_size',
    want: (p) => (p.shm_size === undefined ? undefined : spellBytes(p.shm_size)),
    read: (container) => spellBytes(numberAt(hostOf(container), 'ShmSize')),
    args: (p) => (p.shm_size === undefined ? [] : ['--shm-size', String(p.shm_size)]),
  },
  {
    key: 'cpus',
    want: (p) => p.cpus,
    read: (container) => numberAt(hostOf(container), 'NanoCpus') / 1e9,
    args: (p) => (p.cpus === 0 ? [] : ['--cpus', String(p.cpus)]),
    inPlace: true,
  },
  {
    key: 'pids_limit',
    want: (p) => p.pids_limit,
    read: (container) => numberAt(hostOf(container), 'PidsLimit'),
    args: (p) => (p.pids_limit === 0 ? [] : ['--pids-limit', String(p.pids_limit)]),
    inPlace: true,
  },
  {
    key: 'ulimits',
    want: (p) => sorted(p.ulimits),
    read(container, _image, p) {
      const limits = listAt(hostOf(container), 'Ulimits').map((limit) => {
        const number = (key: string) => String(isMap(limit) ? limit[key] : '');
        return `${textAt(limit, 'Name')}=${number('Soft')}:${number('Hard')}`;
      });
      // the daemon's default-ulimits are in the list as well
      const named = p.ulimits.map((limit) => limit.split('=')[0]);
      return sorted(limits.filter((limit) => named.includes(limit.split('=')[0])));
    },
    args: (p) => flags('--ulimit', p.ulimits),
  },
  {
    key: 'sysctls',
    want: (p) => pairs(p.sysctls),
    read: (container) => pairs(mapAt(hostOf(container), 'Sysctls')),
    args: (p) => flags('--sysctl', pairs(p.sysctls)),
  },
  {
    key: 'restart_policy',
    want: restartPolicy,
    read(container) {
      const policy = mapAt(hostOf(container), 'RestartPolicy');
      const name = textAt(policy, 'Name') || 'no';
      return name === 'on-failure' ? `${name}:${numberAt(policy, 'MaximumRetryCount')}` : name;
    },
    args: (p) => ['--restart', restartPolicy(p)],
    inPlace: true,
  },
];

/** `on-failure:5`, as Docker spells it. */
export function restartPolicy(p: DockerContainer): string {
  return p.restart_policy === 'on-failure' ? `on-failure:${p.restart_retries}` : p.restart_policy;
}
