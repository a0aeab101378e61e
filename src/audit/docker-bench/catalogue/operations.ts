import type { CatalogueEntry } from './entry.ts';

function byHand(about: string, severity: CatalogueEntry['severity'], scored: boolean, how: string): CatalogueEntry {
  return { about, severity, mend: { by: 'manual', how }, effort: 'low', risk: 'none', scored };
}

/** Sections 6 and 7: keeping house, and Swarm. */
export const operations: Readonly<Record<string, CatalogueEntry>> = {
  '6.1': byHand('there are no more images than are used', 'info', false, 'docker image prune'),
  '6.2': byHand('there are no more containers than run', 'info', false, 'docker container prune'),
  '7.1': byHand('a swarm has as many managers as it needs', 'low', true, 'docker node demote NODE'),
  '7.2': {
    about: 'a swarm listens on one address',
    severity: 'medium',
    mend: { by: 'manual', how: 'Make the swarm anew with --listen-addr and --advertise-addr' },
    effort: 'high',
    risk: 'data',
    scored: true,
  },
  '7.3': {
    about: 'overlay networks are encrypted',
    severity: 'medium',
    mend: { by: 'manual', how: 'Make them anew: docker network create --driver overlay --opt encrypted NAME' },
    effort: 'medium',
    risk: 'recreate',
    scored: true,
  },
  '7.4': byHand('secrets of a swarm are kept as its secrets', 'info', false, 'docker secret create NAME FILE'),
  '7.5': byHand(
    'the keys of a swarm are locked when a manager starts',
    'medium',
    true,
    'docker swarm update --autolock=true, and keep the key safe',
  ),
  '7.6': byHand(
    'the key that locks a swarm is changed from time to time',
    'info',
    false,
    'docker swarm unlock-key --rotate',
  ),
  '7.7': byHand('certificates of nodes run out soon', 'info', false, 'docker swarm update --cert-expiry 48h'),
  '7.8': byHand("the swarm's own authority is changed from time to time", 'info', false, 'docker swarm ca --rotate'),
  '7.9': byHand(
    'management and data of a swarm go separate ways',
    'info',
    false,
    'docker swarm init with --advertise-addr and --data-path-addr',
  ),
};
