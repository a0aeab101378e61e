import { defineTask, type Finding } from '../../engine/task.ts';
import { DOCKER_NEEDS } from '../support/docker/cli.ts';
import { pullFindings } from '../support/docker/image-state.ts';
import { proveDocker } from '../support/docker/prove-docker.ts';
import { ulimitFindings } from '../support/docker/ulimits.ts';
import { refusal, warning } from '../support/finding.ts';
import { loadCompose } from './load.ts';
import { networkFindings } from './networks.ts';
import { composeFile, DockerCompose, projectName } from './params.ts';
import { applyCompose, probeCompose, undoCompose } from './scripts.ts';
import { aroundIn, type ComposeState, loses, readCompose, wantCompose } from './state.ts';

/** A compose project. */
export const dockerComposeTask = defineTask<DockerCompose, ComposeState>({
  type: 'docker_compose',
  summary: 'The containers of a compose file: as the file says, running, and well.',
  notes:
    'Takes version 2 of compose, which is a part of the docker command (Debian 13: the package docker-compose; Docker’s own repository: docker-compose-plugin; Ubuntu: docker-compose-v2). Read with `docker ps`, and with what compose itself says with `--dry-run` that it would do: so a changed `env_file`, a missing image and a file that compose refuses show at plan. Refused there: a network whose subnet, or the one that Docker would choose, holds your address or one of the host, or overlaps with a route of the host that is not Docker’s own. With `definition` or `src` the file is a part of the task, and the plan knows what it will be; with `files` the plan goes by the file that is on the host then. After a change all containers must run and be healthy within `healthy_wait_timeout`; otherwise the file and the images before are put back, and the run fails. `harden audit --compose` judges the file. Named volumes stay unless `remove_volumes` is said.',
  params: DockerCompose,
  examples: [
    {
      project_src: '/srv/shop',
      definition: {
        services: {
          web: {
            image: 'nginxinc/nginx-unprivileged:1.27',
            read_only: true,
            cap_drop: ['ALL'],
            security_opt: ['no-new-privileges:true'],
            tmpfs: ['/tmp'],
            ports: ['127.0.0.1:8080:8080'],
          },
        },
      },
      pull: 'always',
      remove_orphans: true,
    },
    { project_src: '/srv/git/app', files: ['compose.yaml', 'compose.prod.yaml'], jobs: ['migrate'], env: { TAG: 1.4 } },
    { project_src: '/srv/old', state: 'absent', remove_volumes: true },
  ],
  id: projectName,
  load: loadCompose,
  probe: probeCompose,
  read: readCompose,
  want: (p, _facts, before) => wantCompose(p, before),
  apply: applyCompose,
  proof: () => proveDocker(),
  needs: (p) => [
    ...DOCKER_NEEDS,
    'plugin:docker-compose',
    ...(p.text === undefined && p.state === 'present' ? ([`path:${p.project_src}`] as const) : []),
  ],
  provides: (p) => (p.text === undefined || p.state !== 'present' ? [] : [`path:${composeFile(p)}`]),
  action: (p, { before }) =>
    p.state === 'absent' ? 'delete' : listOf(before, 'containers').length === 0 ? 'create' : 'update',
  findings: (change, p, { before, facts, pending = [], earlier = [] }) => [
    ...composeFindings(change !== undefined, p, before, pending),
    ...networkFindings(p.state === 'present' ? aroundIn(before)?.networks : undefined, earlier.length, facts),
  ],
  keeps: (p) => (p.text === undefined || p.state !== 'present' ? [] : [composeFile(p)]),
  undo: undoCompose,
  irreversible(p, change) {
    const volumes = listOf(change.before, 'volumes');
    if (p.state !== 'absent')
      return loses(change)
        ? 'images, values of env and files that containers were made of before are not kept: a rollback leaves these containers as they are'
        : undefined;
    return p.remove_volumes && volumes.length > 0
      ? `the volumes ${volumes.join(', ')} are deleted, with all that is in them`
      : 'what the containers wrote outside of volumes is lost';
  },
  // "true" and "80" as secrets would only tear texts apart
  secrets: (p) =>
    Object.entries(p.env).flatMap(([name, value]) =>
      value.length >= 8 || /pass|secret|token|key|credential|auth/i.test(name) ? [value] : [],
    ),
});

function composeFindings(
  changes: boolean,
  p: DockerCompose,
  before: ComposeState,
  pending: readonly string[],
): readonly Finding[] {
  const around = aroundIn(before);
  if (around === undefined) return [];
  if (p.state !== 'present') return [];
  const findings: Finding[] = [];
  const comes = p.text === undefined && pending.some((need) => need.startsWith(`path:${p.project_src}`));
  if (around.error !== '')
    findings.push(
      comes
        ? warning(`compose would not do it as things are: ${around.error}`, 'An earlier task changes the directory')
        : refusal(`compose would not do it: ${around.error}`),
    );
  else if (comes)
    findings.push(
      warning(
        `an earlier task changes ${p.project_src}: what follows from that is seen after it alone`,
        'Give the file as definition or src, then the plan knows it',
      ),
    );
  if (!p.remove_orphans && around.error === '' && around.orphans.length > 0)
    findings.push(
      warning(
        `the file does not name ${around.orphans.join(', ')} any more: left as they are`,
        'remove_orphans: true removes them',
      ),
    );
  for (const limit of p.ulimits ?? [])
    findings.push(
      ...ulimitFindings([limit], around.ceilings, (name) => `ulimits.${name} of the service ${limit.service}`),
    );
  for (const [image, answer] of Object.entries(around.registry)) findings.push(...pullFindings(image, answer));
  if (!changes && around.unhealthy.length > 0)
    findings.push(warning(`${around.unhealthy.join(', ')} runs, and is unhealthy`, 'See `docker inspect`'));
  return findings;
}

function listOf(state: ComposeState | null, key: string): readonly string[] {
  const value = state?.[key];
  return Array.isArray(value) ? value : [];
}
