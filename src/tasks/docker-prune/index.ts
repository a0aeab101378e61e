import { z } from 'zod';
import type { Change } from '../../engine/diff.ts';
import type { StateValue } from '../../engine/state.ts';
import { defineTask } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { DOCKER, DOCKER_NEEDS } from '../support/docker/cli.ts';
import { proveDocker } from '../support/docker/prove-docker.ts';
import { Seconds } from '../support/docker/words.ts';
import { unusedIn } from './unused.ts';

const DockerPrune = z
  .strictObject({
    containers: z.boolean().default(false).describe('Containers that have ended, or were never started.'),
    images: z
      .enum(['dangling', 'unused'])
      .optional()
      .describe('`dangling`: images without a tag; `unused`: all that no container is made of.'),
    networks: z.boolean().default(false).describe('Networks that no container is on.'),
    volumes: z
      .enum(['anonymous', 'unused'])
      .optional()
      .describe('`anonymous`: volumes without a name that no container has; `unused`: those with a name as well.'),
    build_cache: z.boolean().default(false).describe('What `docker build` keeps.'),
    older_than: Seconds.default(86_400).describe(
      'Only what has been so long on the host, or has ended so long ago: `168h`; a day unless said. The build cache goes whole.',
    ),
    keep: z
      .array(z.string().min(1))
      .default([])
      .describe('Names that stay: of containers, networks and volumes, and of images with their tag.'),
  })
  .refine((p) => p.containers || p.networks || p.build_cache || p.images !== undefined || p.volumes !== undefined, {
    error: 'say what is to be pruned: containers, images, networks, volumes, build_cache',
  });
type DockerPrune = z.infer<typeof DockerPrune>;

type PruneState = Readonly<Record<string, StateValue>>;
const KINDS = ['containers', 'networks', 'images', 'volumes'] as const;

/** What nothing uses any more. */
export const dockerPruneTask = defineTask<DockerPrune, PruneState>({
  type: 'docker_prune',
  summary: 'Removes what nothing uses any more: containers that ended, images, networks, volumes, build cache.',
  notes:
    'Read with `docker inspect` of all there is. What goes is listed at plan by its name, and nothing else goes: not `docker system prune`, whose idea of a volume to delete depends on its version. An image, a network or a volume of a container that only sleeps is in use. An image counts from the day on that it got its tag here. Volumes with a name hold data that somebody wanted to keep; `volumes: unused` deletes them. Run it after the tasks that bring containers up. docker-bench 6.1, 6.2.',
  params: DockerPrune,
  examples: [
    { containers: true, images: 'dangling', networks: true, older_than: '72h' },
    { images: 'unused', volumes: 'anonymous', build_cache: true, keep: ['debian:12'] },
  ],
  id: () => 'docker',

  probe(p) {
    const each = (kind: string, ids: Script, type: string, format: string): Script => sh`echo ${`== ${kind}`}
${raw(ids)} | sort -u | xargs -r ${DOCKER} ${type} inspect -f ${format}`;
    return [
      "echo '== now'\ndate +%s",
      each(
        'containers',
        sh`${DOCKER} ps -aq --no-trunc`,
        'container',
        '{"name":{{json .Name}},"image":{{json .Image}},"status":{{json .State.Status}},"created":{{json .Created}},"finished":{{json .State.FinishedAt}},"networks":{{json .NetworkSettings.Networks}},"mounts":{{json .Mounts}}}',
      ),
      ...(p.networks
        ? [
            each(
              'networks',
              sh`${DOCKER} network ls -q --no-trunc`,
              'network',
              '{"name":{{json .Name}},"created":{{json .Created}}}',
            ),
          ]
        : []),
      ...(p.images === undefined
        ? []
        : [
            each(
              'images',
              sh`${DOCKER} image ls -q --no-trunc`,
              'image',
              '{"id":{{json .Id}},"tags":{{json .RepoTags}},"created":{{json .Created}},"tagged":{{json .Metadata.LastTagTime}}}',
            ),
          ]),
      ...(p.volumes === undefined
        ? []
        : [
            each(
              'volumes',
              sh`${DOCKER} volume ls -q`,
              'volume',
              '{"name":{{json .Name}},"created":{{json .CreatedAt}}}',
            ),
          ]),
      ...(p.build_cache ? [sh`echo '== cache'\n${DOCKER} system df --format '{{.Type}} {{.Reclaimable}}'`] : []),
    ].join('\n');
  },

  read: (output, p) => ({ ...unusedIn(output, p) }),
  want: (p) => ({
    ...Object.fromEntries(KINDS.filter((kind) => p[kind]).map((kind) => [kind, []])),
    ...(p.build_cache ? { build_cache: '0B' } : {}),
  }),

  apply: (change, p) =>
    [
      ...listOf(change, 'containers').map((name) => remove('container', [name], name)),
      ...listOf(change, 'networks').map((name) => remove('network', [name], name)),
      ...listOf(change, 'images').map((line) => {
        const [id = '', ...tags] = line.split(' ');
        return remove('image', tags.length > 0 ? tags : ['--force', id], id);
      }),
      ...listOf(change, 'volumes').map((name) => remove('volume', [name], name)),
      p.build_cache && change.keys.includes('build_cache') ? sh`${DOCKER} builder prune -af >/dev/null\n` : '',
    ].join(''),

  proof: () => proveDocker(),
  needs: () => DOCKER_NEEDS,
  action: () => 'delete',
  irreversible(_p, change) {
    const said = (['containers', 'volumes'] as const)
      .map((kind) => [kind, listOf(change, kind)] as const)
      .filter(([, names]) => names.length > 0)
      .map(([kind, names]) => `the ${kind} ${names.join(', ')}`);
    return said.length === 0 ? undefined : `what is in ${said.join(' and ')} is lost`;
  },
});

function listOf({ before, keys }: Change<PruneState>, kind: string): readonly string[] {
  const value = keys.includes(kind) ? before?.[kind] : undefined;
  return Array.isArray(value) ? value : [];
}

function remove(type: string, args: readonly string[], name: string): Script {
  return sh`! ${DOCKER} ${type} inspect ${name} >/dev/null 2>&1 || ${DOCKER} ${type} rm ${args} >/dev/null\n`;
}
