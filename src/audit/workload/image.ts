import { imageName } from './image-name.ts';
import { known, PASS, type Rule, type RuleSettings, skip, type Verdict, warn, word } from './rule.ts';
import { isUndecided, type Workload } from './workload.ts';

/** Where the image comes from, and how old it is. */
export const IMAGE_RULES: readonly Rule[] = [
  {
    id: 'image-tag',
    title: 'Name a version of the image',
    section: 'Image',
    severity: 'medium',
    field: 'image',
    related: ['5.28'],
    remediation: 'latest is another image tomorrow, and nobody can tell what runs. Name a version.',
    judge: ({ image }) => judgeTag(image),
  },
  {
    id: 'image-digest',
    title: 'Pin the image by its digest',
    section: 'Image',
    severity: 'low',
    field: 'image',
    related: ['5.28', '4.11'],
    remediation: 'A tag can be moved to another image by whoever owns the registry; a digest cannot.',
    judge: ({ image }, settings) => judgeDigest(image, settings),
  },
  {
    id: 'image-registry',
    title: 'Take images from allowed registries',
    section: 'Image',
    severity: 'high',
    field: 'image',
    related: ['4.2'],
    remediation: 'Take it from a registry of allowed_registries, or add this one to them.',
    judge: ({ image }, settings) => judgeRegistry(image, settings),
  },
  {
    id: 'image-origin',
    title: 'Take images from a registry',
    section: 'Image',
    severity: 'info',
    field: 'digests',
    related: ['4.2'],
    remediation:
      'It was built, imported or loaded on the host: nobody can tell from it where it is from. Push it, and run it by its digest.',
    judge: ({ image: { digests } }) => digests && known(digests, judgeOrigin),
  },
  {
    id: 'image-moved',
    title: 'Run the image that its name stands for',
    section: 'Image',
    severity: 'medium',
    field: 'digests',
    related: ['5.28'],
    remediation: 'A newer image was pulled under this name, and the container still runs the old one. Create it anew.',
    judge: ({ image: { moved } }) => (moved === undefined ? undefined : known(moved, judgeMoved)),
  },
  {
    id: 'image-age',
    title: 'Run no old image',
    section: 'Image',
    severity: 'low',
    field: 'created',
    related: ['4.4', '5.28'],
    remediation: 'What was mended since is not in it. Pull or build it anew, and create the container anew.',
    judge: ({ image: { created } }, settings) =>
      created === undefined ? undefined : known(created, (time) => judgeAge(time, settings)),
  },
];

type Image = Workload['image'];

function judgeTag({ reference, built }: Image): Verdict | undefined {
  if (reference === undefined || built) return undefined;
  if (isUndecided(reference)) return skip(reference);
  const name = imageName(reference);
  if (name.digest !== undefined || name.isId) return PASS;
  if (name.tag === undefined) return warn(`${reference} has no tag, and is latest`);
  return name.tag === 'latest' ? warn(`${reference} is latest`) : PASS;
}

function judgeDigest({ reference, digests, built }: Image, { requireDigest }: RuleSettings): Verdict | undefined {
  if (reference === undefined || built) return undefined;
  if (isUndecided(reference)) return skip(reference);
  const name = imageName(reference);
  if (name.digest !== undefined || name.isId) return PASS;
  const all = digests === undefined || isUndecided(digests) ? [] : digests;
  const own = all.find((digest) => digest.startsWith(`${name.repository}@`)) ?? all[0];
  const pinned = `${reference}@${own?.split('@')[1] ?? 'sha256:…'}`;
  const fix = { run: word(pinned), compose: `image: ${JSON.stringify(pinned)}` };
  const details = `${reference} has no digest`;
  return requireDigest ? warn(details, { severity: 'medium', fix }) : { result: 'INFO', details, fix };
}

function judgeRegistry({ reference, built }: Image, { allowedRegistries }: RuleSettings): Verdict | undefined {
  if (reference === undefined || built || allowedRegistries === undefined) return undefined;
  if (isUndecided(reference)) return skip(reference);
  const name = imageName(reference);
  if (name.isId) return { result: 'SKIP', details: `${reference} names no registry` };
  const full = `${name.registry}/${name.path}`;
  const allowed = allowedRegistries.some((each) => full === each || full.startsWith(`${each.replace(/\/$/, '')}/`));
  return allowed ? PASS : warn(`${full} is in none of ${allowedRegistries.join(', ')}`);
}

const DAY = 86_400_000;

function judgeOrigin(digests: readonly string[]): Verdict {
  return digests.length > 0 ? PASS : { result: 'INFO', details: 'no registry knows it' };
}

function judgeMoved(moved: boolean): Verdict {
  return moved ? warn('the host has a newer image of this name') : PASS;
}

function judgeAge(created: string, { maxAgeDays, now }: RuleSettings): Verdict {
  const time = Date.parse(created);
  // Builds that are made to be reproducible write a date of no meaning.
  if (Number.isNaN(time) || time < Date.UTC(2013, 2, 13)) {
    return { result: 'SKIP', details: 'the image does not say when it was made' };
  }
  const days = Math.floor((now.getTime() - time) / DAY);
  return days > maxAgeDays ? warn(`made ${days} days ago, more than ${maxAgeDays}`) : PASS;
}
