import { type CisFinding, type CisFindings, info, note, PASS, warn } from './finding.ts';
import type { CisHost } from './read.ts';

/** Two days, in nanoseconds: how long CIS lets a node's certificate live. */
const TWO_DAYS = 172_800e9;

/** Sections 6 and 7: what lies about, and the swarm where there is one. */
export function operationFindings(host: CisHost): CisFindings {
  const { images, imagesOfContainers, docker } = host;
  return {
    '6.1': info(`${new Set(imagesOfContainers).size} of ${images.length} images are used by containers`),
    '6.2': info(`${docker.containers.length} of ${imagesOfContainers.length} containers run`),
    ...swarmFindings(host),
  };
}

function swarmFindings({ docker, swarm, listening }: CisHost): CisFindings {
  const state = docker.info?.Swarm?.LocalNodeState ?? '';
  const networks = [...docker.networks.values()].filter(({ Driver }) => Driver === 'overlay');
  const open = networks.filter(({ Options }) => Options?.encrypted === undefined).map(({ Name }) => Name);
  const encrypted = open.length > 0 ? warn('these overlay networks are not encrypted', open) : PASS;
  if (state !== 'active') {
    const off: CisFinding = { result: 'PASS', details: 'swarm mode is off' };
    return {
      '7.1': off,
      '7.2': off,
      '7.3': encrypted,
      '7.4': off,
      '7.5': off,
      '7.6': off,
      '7.7': off,
      '7.8': off,
      '7.9': off,
    };
  }
  const everywhere = listening.filter((place) => /^(?:\*|0\.0\.0\.0|\[::\]|::):2377$/.test(place));
  const elsewhere: CisFinding = { result: 'SKIP', details: 'this node does not manage the swarm: ask a manager' };
  return {
    '7.1': swarm ? count(swarm.managers) : elsewhere,
    '7.2': everywhere.length > 0 ? warn(`the swarm listens on ${everywhere.join(', ')}`) : PASS,
    '7.3': encrypted,
    '7.4': swarm
      ? swarm.secrets > 0
        ? PASS
        : info('the swarm holds no secrets: are they kept elsewhere?')
      : elsewhere,
    '7.5': swarm ? (swarm.autolock ? PASS : warn('managers start without the key that autolock asks for')) : elsewhere,
    '7.6': note('the key of autolock is to be changed from time to time: docker swarm unlock-key --rotate'),
    '7.7': swarm
      ? swarm.expiry <= TWO_DAYS
        ? PASS
        : info('certificates of nodes live longer than two days')
      : elsewhere,
    '7.8': info('the authority of the swarm is to be changed from time to time: docker swarm ca --rotate'),
    '7.9': info('whether management and data have networks of their own is decided by --data-path-addr'),
  };
}

/** A swarm bears the loss of a manager only with three or more of them, and an even number bears no more than the odd one below it. */
function count(managers: number): CisFinding {
  if (managers === 1 || (managers >= 3 && managers <= 7 && managers % 2 === 1)) return PASS;
  return warn(`${managers} managers: 3, 5 or 7 bear a loss, an even number bears no more than one less`);
}
