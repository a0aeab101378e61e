/** The parts of an image's name. */
export interface ImageName {
  /** `docker.io` where none is written. */
  readonly registry: string;
  /** `library/nginx` for `nginx`. */
  readonly path: string;
  /** As it is written, without tag and digest. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
  /** It is no name but an image's id, which is as good as a digest on this host. */
  readonly isId: boolean;
}

/** Reads a name as Docker does: a first part with a dot, a colon or `localhost` is a registry. */
export function imageName(reference: string): ImageName {
  const [beforeDigest = '', digest] = split(reference, reference.indexOf('@'));
  const colon = beforeDigest.lastIndexOf(':');
  const [repository = '', tag] = split(beforeDigest, colon > beforeDigest.lastIndexOf('/') ? colon : -1);
  const [first = '', rest] = split(repository, repository.indexOf('/'));
  const hasRegistry = rest !== undefined && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? (rest ?? '') : repository;
  const registry = hasRegistry ? first.replace(/^index\.docker\.io$/, 'docker.io') : 'docker.io';
  return {
    registry,
    path: registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path,
    repository,
    tag,
    digest,
    isId: /^(sha256:)?[0-9a-f]{12,64}$/.test(reference),
  };
}

function split(text: string, at: number): [string, string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
