import type { CatalogueEntry } from './entry.ts';

function byHand(about: string, how: string): CatalogueEntry {
  return { about, severity: 'info', mend: { by: 'manual', how }, effort: 'medium', risk: 'recreate', scored: false };
}

/** Section 4: images and how they are built. */
export const images: Readonly<Record<string, CatalogueEntry>> = {
  '4.1': {
    about: 'no container runs as root',
    severity: 'high',
    mend: { by: 'container', run: '--user 10001:10001', compose: 'user: "10001:10001"' },
    effort: 'medium',
    risk: 'recreate',
    scored: true,
    dishonest: 'Only `0`, `root` and nothing count as root: `0:0` and `root:root` pass.',
  },
  '4.2': byHand(
    'base images come from a source that you trust',
    'Name them with their digest: FROM debian:12@sha256:…',
  ),
  '4.3': byHand(
    'images hold no package that they do not need',
    'Build on a small base (slim, distroless), with --no-install-recommends',
  ),
  '4.4': byHand(
    'images are scanned, and built anew for security updates',
    'Scan them in CI (trivy, grype), and rebuild them with --pull every week',
  ),
  '4.5': {
    about: 'Docker takes only signed images (content trust)',
    severity: 'info',
    mend: {
      by: 'declined',
      why: 'Content trust was taken out of Docker 29, its notary closes in December 2026, and with it older clients refuse every image that is not signed. Pin digests, and sign with cosign or notation',
    },
    effort: 'high',
    risk: 'none',
    scored: true,
    dishonest:
      'It looks for DOCKER_CONTENT_TRUST in its own environment alone: the point says nothing of what dockerd or anybody else does.',
  },
  '4.6': {
    about: 'images say how to tell whether they are well',
    severity: 'low',
    mend: { by: 'image', dockerfile: 'HEALTHCHECK CMD ["/usr/local/bin/healthcheck"]' },
    effort: 'medium',
    risk: 'recreate',
    scored: true,
    dishonest:
      'Every image on the host counts, also those that no container uses. And a probe that always succeeds passes.',
  },
  '4.7': byHand(
    'package lists are updated in the RUN that installs',
    'RUN apt-get update && apt-get install -y … && rm -rf /var/lib/apt/lists/*',
  ),
  '4.8': byHand(
    'images hold no setuid file that they do not need',
    'RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +',
  ),
  '4.9': byHand('files are copied into images, not added', 'COPY instead of ADD'),
  '4.10': byHand(
    'no secret is part of an image',
    'RUN --mount=type=secret for the build, and files or environment of the container at run time',
  ),
  '4.11': byHand(
    'packages in images are verified',
    'Install from signed repositories, and check the digest of what is downloaded',
  ),
  '4.12': byHand(
    'signatures of images are checked',
    'Sign with cosign or notation in CI, and verify before you deploy',
  ),
};
