import { imageName } from '../workload/image-name.ts';
import type { RuleSettings } from '../workload/rule.ts';
import type { ParsedDockerfile, Stage } from './parse.ts';
import type { DockerfileRule, Place } from './rule.ts';

/** What the image is built on. */
export const BASE_RULES: readonly DockerfileRule[] = [
  {
    id: 'from-tag',
    title: 'Name a version of the base image',
    section: 'Base image',
    severity: 'medium',
    field: 'FROM',
    related: ['4.2'],
    remediation: 'latest is another image tomorrow, and the same Dockerfile builds another one.',
    find: (dockerfile) => bases(dockerfile, judgeTag),
  },
  {
    id: 'from-digest',
    title: 'Pin the base image by its digest',
    section: 'Base image',
    severity: 'medium',
    field: 'FROM',
    related: ['4.2', '4.11'],
    remediation:
      'A tag can be moved to another image by whoever owns the registry; a digest cannot. docker buildx imagetools inspect IMAGE shows it.',
    find: (dockerfile, settings) => bases(dockerfile, judgeDigest, settings),
  },
  {
    id: 'from-registry',
    title: 'Build on images of allowed registries',
    section: 'Base image',
    severity: 'high',
    field: 'FROM',
    related: ['4.2'],
    remediation: 'Take it from one of the allowed registries, or allow this one.',
    find: (dockerfile, settings) => settings.allowedRegistries && bases(dockerfile, judgeRegistry, settings),
  },
];

type Judge = (
  image: string,
  stage: Stage,
  settings: RuleSettings | undefined,
) => Omit<Place, 'instruction'> | undefined;

/** Asks of each base that is an image, and no other stage and not nothing. */
function bases(dockerfile: ParsedDockerfile, judge: Judge, settings?: RuleSettings): readonly Place[] {
  return dockerfile.stages.flatMap((stage) => {
    if (stage.parent) return [];
    const image = dockerfile.resolve(stage.base, stage.from);
    const subject = `FROM ${stage.base}`;
    if (image === undefined) {
      const details = `${stage.base} is decided when it is built: a variable has no default`;
      return [{ instruction: stage.from, subject, result: 'SKIP' as const, details }];
    }
    if (image === 'scratch') return [];
    const place = judge(image, stage, settings);
    return place ? [{ instruction: stage.from, subject, ...place }] : [];
  });
}

function judgeTag(image: string): Omit<Place, 'instruction'> | undefined {
  const { tag, digest } = imageName(image);
  if (digest !== undefined || (tag !== undefined && tag !== 'latest')) return undefined;
  return { details: tag === undefined ? `${image} has no tag, and is latest` : `${image} is latest` };
}

function judgeDigest(
  image: string,
  stage: Stage,
  settings: RuleSettings | undefined,
): Omit<Place, 'instruction'> | undefined {
  if (imageName(image).digest !== undefined) return undefined;
  const name = stage.from.getBuildStage();
  return {
    details: `${image} has no digest`,
    ...(settings?.requireDigest ? {} : { result: 'INFO' as const }),
    fix: `FROM ${image}@sha256:…${name ? ` AS ${name}` : ''}`,
  };
}

function judgeRegistry(
  image: string,
  _stage: Stage,
  settings: RuleSettings | undefined,
): Omit<Place, 'instruction'> | undefined {
  const allowed = settings?.allowedRegistries;
  if (!allowed) return undefined;
  const { registry, path } = imageName(image);
  const full = `${registry}/${path}`;
  if (allowed.some((each) => full === each || full.startsWith(`${each.replace(/\/$/, '')}/`))) return undefined;
  return { details: `${full} is in none of ${allowed.join(', ')}` };
}
