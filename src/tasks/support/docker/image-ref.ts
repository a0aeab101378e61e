import { z } from 'zod';

/** The parts of an image's name. */
export interface ImageRef {
  /** `docker.io` where the name says none. */
  readonly registry: string;
  /** With registry: `docker.io/library/nginx`. */
  readonly repository: string;
  /** As Docker's own lists spell the repository: `nginx`. */
  readonly familiar: string;
  /** Undefined where a digest stands alone. */
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^(?:(?<registry>localhost(?::\\d+)?|[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)+(?::\\d+)?|[a-zA-Z0-9-]+:\\d+)/)?(?<path>${COMPONENT}(?:/${COMPONENT})*)(?::(?<tag>[\\w][\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);

/** An image as a playbook names it; a name without tag and digest means `latest`, as it does to Docker. */
export const ImageName = z.string().refine((name) => parseImage(name) !== undefined, {
  error:
    'not the name of an image: write [REGISTRY/]NAME[:TAG][@sha256:DIGEST] in lower case, for example nginx:1.27 or ghcr.io/owner/app@sha256:…',
});

/** The parts of an image's name; undefined where it is none. */
export function parseImage(name: string): ImageRef | undefined {
  const { registry = 'docker.io', path, tag, digest } = REFERENCE.exec(name)?.groups ?? {};
  if (path === undefined || /^[0-9a-f]{64}$/.test(name)) return undefined;
  const hub = registry === 'docker.io' || registry === 'index.docker.io';
  const official = hub && !path.includes('/');
  return {
    registry: hub ? 'docker.io' : registry,
    repository: `${hub ? 'docker.io' : registry}/${official ? 'library/' : ''}${path}`,
    familiar: hub ? path.replace(/^library\//, '') : `${registry}/${path}`,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

/** The parts of a name that has been checked. */
export function imageRef(name: string): ImageRef {
  const ref = parseImage(name);
  if (ref === undefined) throw new Error(`not the name of an image: ${name}`);
  return ref;
}

/** What Docker finds, pulls and runs an image by: the digest where there is one, else the tag. */
export function imageKey(name: string): string {
  const { familiar, tag, digest } = imageRef(name);
  return digest === undefined ? `${familiar}:${tag}` : `${familiar}@${digest}`;
}
