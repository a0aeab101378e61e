import { z } from 'zod';
import type { StateValue } from '../engine/state.ts';
import { defineTask, type Finding } from '../engine/task.ts';
import { raw, sh } from '../remote/sh.ts';
import { DOCKER, DOCKER_NEEDS, listAt, parseDockerJson, sections, textAt } from './support/docker/cli.ts';
import { ImageName, imageKey, imageRef, parseImage } from './support/docker/image-ref.ts';
import { createdOf, digestsOf, inspectImage, provenanceFindings, pullFindings } from './support/docker/image-state.ts';
import { proveDocker } from './support/docker/prove-docker.ts';
import { askRegistry, parseRegistryAnswer, type RegistryAnswer } from './support/docker/registry.ts';
import { refusal } from './support/finding.ts';

const DockerImage = z
  .strictObject({
    name: ImageName.describe('The image: `nginx:1.27`, `ghcr.io/owner/app@sha256:…`. Without a tag it is `latest`.'),
    pull: z
      .enum(['missing', 'always'])
      .default('missing')
      .describe('`always` asks the registry at each plan whether the tag stands for another image by now.'),
    allowed_registries: z
      .array(
        z
          .string()
          .regex(/^[^\s/]+(\/[^\s/]+)*$/, { error: 'write a registry, or a part of it: ghcr.io, docker.io/library' }),
      )
      .min(1)
      .optional()
      .describe('Where images may come from: `ghcr.io`, `docker.io/library`. Others are refused.'),
    require_digest: z
      .boolean()
      .default(false)
      .describe('True: an image that is named by a tag alone is refused, since another one can be put behind it.'),
    max_age_days: z.int().positive().optional().describe('Warn of an image that was built longer ago.'),
    force: z
      .boolean()
      .default(false)
      .describe('With absent: also an image that stopped containers were made of; they stay.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether the image is on the host.'),
  })
  .refine((p) => p.pull === 'missing' || parseImage(p.name)?.digest === undefined, {
    error: 'a digest always stands for the same image, so there is nothing to pull again: leave pull out',
    path: ['pull'],
  });
type DockerImage = z.infer<typeof DockerImage>;

/** `digest`: what the tag stands for. `id`, `created`, `users` and `answer` serve findings and undo. */
type ImageState = Readonly<Record<string, StateValue>>;

/** An image on the host. */
export const dockerImageTask = defineTask<DockerImage, ImageState>({
  type: 'docker_image',
  summary: 'An image on the host: pulled, kept up to date, and of known origin.',
  notes:
    'Read with `docker image inspect`. The registry is asked at plan, by dockerd itself, where the image is missing or `pull: always` is said: a tag that it does not have is refused there, and a tag that stands for another image is a difference (the digests are shown). Credentials are those of `docker login` on the host. What ran with the old image runs on: `docker_container` makes its container anew. An undo gives the tag back to the old image, unless it was pruned. docker-bench 4.2, 5.28.',
  params: DockerImage,
  examples: [
    { name: 'nginx:1.27', pull: 'always', allowed_registries: ['docker.io/library'], max_age_days: 90 },
    {
      name: 'ghcr.io/owner/app@sha256:88fd60a7bd21853c8da9e62fc454f32b907ea74a403525c01e924ec32d65be64',
      require_digest: true,
    },
    { name: 'hello-world', state: 'absent' },
  ],
  id: (p) => imageKey(p.name),

  probe(p) {
    const ask = p.state === 'absent' ? ':' : askRegistry(p.name);
    return sh`image=$(${raw(inspectImage(p.name))})
echo '== image'
[ "$image" = '[]' ] || printf '%s\n' "$image"
echo '== users'
[ "$image" = '[]' ] || ${DOCKER} ps -a --filter ancestor=${imageKey(p.name)} --format '{{.Names}} {{.State}}'
echo '== registry'
${raw(p.pull === 'always' ? '' : `[ "$image" = '[]' ] || exit 0\n`)}${raw(ask)}`;
  },

  read(output, p) {
    const found = sections(output);
    const list = parseDockerJson(found.get('image'));
    const image = Array.isArray(list) ? list[0] : undefined;
    const answer = found.get('registry')?.trim() ? parseRegistryAnswer(found.get('registry') ?? '') : undefined;
    const around = answer === undefined ? {} : { answer: JSON.stringify(answer) };
    if (image === undefined) return { state: 'absent', ...around };
    const digests = digestsOf(image, imageRef(p.name));
    return {
      state: 'present',
      digest: digests.find((digest) => digest === answer?.digest) ?? digests[0] ?? 'none',
      id: textAt(image, 'Id'),
      tags: listAt(image, 'RepoTags').map(String),
      ...(createdOf(image) === undefined ? {} : { created: createdOf(image) ?? '' }),
      users: (found.get('users') ?? '').split('\n').filter((line) => line !== ''),
      ...around,
    };
  },

  want(p, _facts, before) {
    const digest = answerIn(before)?.digest;
    if (p.state === 'absent' || p.pull === 'missing' || digest === undefined) return { state: p.state };
    return { state: p.state, digest };
  },

  apply: (_change, p) =>
    p.state === 'absent'
      ? sh`! ${DOCKER} image inspect ${imageKey(p.name)} >/dev/null 2>&1 || ${DOCKER} image rm ${p.force ? ['--force'] : []} ${imageKey(p.name)} >/dev/null\n`
      : sh`${DOCKER} pull -q ${imageKey(p.name)} >/dev/null\n`,

  proof: () => proveDocker(),
  needs: () => DOCKER_NEEDS,
  action: (p, { before }) => (p.state === 'absent' ? 'delete' : before?.state === 'present' ? 'update' : 'create'),

  findings(change, p, { before }): readonly Finding[] {
    if (p.state === 'absent') return change === undefined ? [] : removalFindings(p, before);
    const answer = answerIn(before);
    const pulled = change !== undefined;
    return [
      ...provenanceFindings(p.name, p, pulled ? undefined : textAt(before, 'created') || undefined, Date.now()),
      ...(answer === undefined ? [] : pullFindings(p.name, answer)),
    ];
  },

  irreversible: (p) =>
    p.state === 'absent' ? 'the image is deleted; it can be pulled again while its registry has it' : undefined,

  undo(change, p) {
    if (p.state === 'absent') return undefined;
    const id = textAt(change.before, 'id');
    if (id === '') return sh`${DOCKER} image rm ${imageKey(p.name)} >/dev/null 2>&1 || :\n`;
    return sh`${DOCKER} tag ${id} ${imageKey(p.name)}\n`;
  },
});

function removalFindings(p: DockerImage, before: ImageState): readonly Finding[] {
  const users = Array.isArray(before.users) ? before.users : [];
  const tags = Array.isArray(before.tags) ? before.tags : [];
  const last = tags.length <= 1;
  const inTheWay = users.filter((line) => !p.force || line.endsWith(' running')).map((line) => line.split(' ')[0]);
  return last && inTheWay.length > 0
    ? [
        refusal(
          `${p.name} cannot be removed: the containers ${inTheWay.join(', ')} are made of it`,
          p.force
            ? 'Stop and remove those that run first'
            : 'Remove them first; force: true is for those that are stopped',
        ),
      ]
    : [];
}

function answerIn(before: ImageState | null): RegistryAnswer | undefined {
  return typeof before?.answer === 'string' ? (JSON.parse(before.answer) as RegistryAnswer) : undefined;
}
