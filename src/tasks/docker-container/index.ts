import { defineTask } from '../../engine/task.ts';
import { DOCKER_NEEDS } from '../support/docker/cli.ts';
import { proveDocker } from '../support/docker/prove-docker.ts';
import type { ContainerState } from './container-state.ts';
import { containerFindings } from './findings.ts';
import { DockerContainer, sharedContainers } from './params.ts';
import { applyContainer, probeContainer, undoContainer } from './scripts.ts';
import { isNoLimit, makesAnew, readContainer, wantContainer } from './state.ts';

/** A container, hardened unless the playbook says otherwise. */
export const dockerContainerTask = defineTask<DockerContainer, ContainerState>({
  type: 'docker_container',
  summary: 'A container: no more rights than it needs unless you say so, and made anew when it is not what you say.',
  notes:
    'What is not said is safe: all capabilities dropped, no-new-privileges, a read-only root with /tmp in memory, limits on memory, processors, processes and files, at most five restarts, and no network. Read with `docker inspect`, field by field, against what the image itself says; values of `env` are compared and never shown. A container that differs is made anew: the new one is made whole before the old one stops, and when it does not stay up, or become healthy within `healthy_wait_timeout`, the old one is put back and the run fails. Named volumes stay, volumes without a name are warned of. Limits and restart policy are changed in place; a limit of memory or processors goes with the container alone. `pull: always` does what watchtower did, without a container that owns the host: the registry is asked at plan, the new image pulled, the container made anew and checked. A job that ends by itself wants `state: present`. What the old container had written outside of volumes is lost. Refused at plan: `ulimits` above what the host can give. docker-bench 4.1, 5.2 to 5.32.',
  params: DockerContainer,
  examples: [
    { name: 'app', image: 'ghcr.io/owner/app:1.4', command: ['serve', '--port', 8080] },
    {
      name: 'web',
      image: 'nginxinc/nginx-unprivileged:1.27',
      pull: 'always',
      user: '101:101',
      networks: [{ name: 'front', aliases: ['www'] }, 'back'],
      published_ports: ['127.0.0.1:8080:8080'],
      volumes: ['web-cache:/var/cache/nginx', '/srv/www:/usr/share/nginx/html:ro'],
      env: { API_TOKEN: 'correct horse battery staple' },
      healthcheck: { test: 'curl -fsS http://localhost:8080/', interval: '30s', retries: 3 },
      memory: '256m',
      cpus: 0.5,
    },
    { name: 'old', state: 'absent' },
  ],
  id: (p) => p.name,
  probe: probeContainer,
  read: readContainer,
  want: (p, _facts, before) => wantContainer(p, before),
  apply: applyContainer,
  proof: () => proveDocker(),
  needs: (p) => [
    ...DOCKER_NEEDS,
    ...(p.state === 'absent' ? [] : p.networks.map(({ name }) => `network:${name}` as const)),
    ...sharedContainers(p).map((name) => `container:${name}` as const),
  ],
  provides: (p) => (p.state === 'absent' ? [] : [`container:${p.name}`]),
  action: (p, { before }) => (p.state === 'absent' ? 'delete' : before?.state === 'absent' ? 'create' : 'update'),
  findings: (change, p, { before, pending = [] }) => containerFindings(change, p, before, pending),
  // "true" and "80" as secrets would only tear texts apart
  secrets: (p) =>
    Object.entries(p.env).flatMap(([name, value]) =>
      value.length >= 8 || /pass|secret|token|key|credential|auth/i.test(name) ? [value] : [],
    ),
  irreversible(p, change) {
    const { before } = change;
    if (before?.state === 'absent') return undefined;
    if (p.state === 'absent') return 'what the container wrote outside of volumes is lost';
    if (before === null || makesAnew(change))
      return 'a container that is made anew loses what the old one wrote outside of volumes';
    return change.keys.some((key) => isNoLimit(key, before[key]))
      ? 'a limit that is new to a container can only be taken away by making the container anew'
      : undefined;
  },
  undo: undoContainer,
});
