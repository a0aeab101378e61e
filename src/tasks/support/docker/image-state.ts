import type { Finding } from '../../../engine/task.ts';
import { type Script, sh } from '../../../remote/sh.ts';
import { refusal, warning } from '../finding.ts';
import { listAt, textAt } from './cli.ts';
import { type ImageRef, imageKey, imageRef } from './image-ref.ts';
import type { Json } from './json.ts';
import type { RegistryAnswer } from './registry.ts';

/** What `docker image inspect` says of the image, in an array; nothing where there is none. */
export function inspectImage(name: string): Script {
  return sh`docker -H unix:///run/docker.sock image inspect ${imageKey(name)} 2>/dev/null`;
}

/** The digests that an image has in the repository it is named by. */
export function digestsOf(image: Json | undefined, ref: ImageRef): readonly string[] {
  return listAt(image, 'RepoDigests')
    .map((line) => String(line).split('@'))
    .filter(([repository]) => repository === ref.familiar)
    .map(([, digest = '']) => digest);
}

/** What is said of an image that must be pulled first. */
export function pullFindings(name: string, answer: RegistryAnswer): readonly Finding[] {
  if (answer.digest !== undefined) return [];
  if (answer.missing)
    return [
      refusal(
        `the registry has no image ${name}: ${answer.error}`,
        'Look at the name and the tag; a private one needs `docker login` on the host',
      ),
    ];
  return [
    warning(`the registry of ${name} could not be asked: ${answer.error}`, 'The pull will fail unless it answers then'),
  ];
}

/** What is said of an image's origin; `created` is its date, where it is on the host. */
export function provenanceFindings(
  name: string,
  policy: {
    readonly allowed_registries?: readonly string[] | undefined;
    readonly require_digest?: boolean | undefined;
    readonly max_age_days?: number | undefined;
  },
  created: string | undefined,
  now: number,
): readonly Finding[] {
  const ref = imageRef(name);
  const findings: Finding[] = [];
  const allowed = policy.allowed_registries;
  if (allowed !== undefined && !allowed.some((prefix) => `${ref.repository}/`.startsWith(`${prefix}/`)))
    findings.push(refusal(`${name} comes from ${ref.repository}, and allowed are ${allowed.join(', ')} alone`));
  if (policy.require_digest && ref.digest === undefined)
    findings.push(
      refusal(
        `${name} is named by a tag, behind which another image can be put`,
        `Write ${ref.familiar}:${ref.tag}@sha256:… as \`docker image inspect\` tells it under RepoDigests`,
      ),
    );
  const days = created === undefined ? 0 : Math.floor((now - Date.parse(created)) / 86_400_000);
  if (policy.max_age_days !== undefined && days > policy.max_age_days)
    findings.push(
      warning(
        `${name} was built ${days} days ago, and ${policy.max_age_days} are allowed: what was mended since is not in it`,
        'Pull it again, or take a newer tag',
      ),
    );
  return findings;
}

/** The date that an image says it was built on; undefined where it does not say. */
export function createdOf(image: Json | undefined): string | undefined {
  const created = textAt(image, 'Created');
  return created === '' || created.startsWith('0001') || created.startsWith('1970') ? undefined : created;
}
