import { isSecret } from '../secrets.ts';
import { type CisFinding, type CisFindings, info, note, PASS, warn } from './finding.ts';
import type { CisHost, ImageFacts } from './read.ts';

/** Images that are older than this lack half a year of updates. */
const OLD_DAYS = 180;

/** Section 4: images by docker image inspect and their history; nothing is started. */
export function imageFindings(host: CisHost, now: Date): CisFindings {
  const { images } = host;
  const having = (test: (image: ImageFacts) => boolean) => images.filter(test).map(({ name }) => name);
  const steps = (pattern: RegExp) => having(({ history }) => history.some((step) => pattern.test(step)));
  // The first ADD of an image is how its base came to be.
  const adding = having(({ history }) =>
    history.slice(1).some((step) => /^(?:\/bin\/sh -c #\(nop\) )?ADD /.test(step)),
  );
  const updating = steps(/\b(?:apt|apt-get|apk|yum|dnf)\b[^&|;]*\bupdate\b/);
  const old = having(({ created }) => now.getTime() - Date.parse(created) > OLD_DAYS * 86_400_000);
  const unknown = having(({ digests }) => digests.length === 0);
  const setuid = steps(/chmod\s+(?:-R\s+)?(?:[0-7]?[4567][0-7]{3}|[ugoa,+rwx]*\+[rwx]*s)\b/);
  const secret = having(({ environment, history }) =>
    [...environment, ...history.flatMap((step) => step.match(/\b[A-Za-z_]\w*=\S+/g) ?? [])].some((pair) =>
      isSecret(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)),
    ),
  );
  return {
    '4.1': asRoot(host),
    '4.2': note(
      unknown.length > 0 ? 'no registry is known to have given these' : 'each image has the digest of a registry',
      unknown,
    ),
    '4.3': note('docker image history shows what is installed in them; a small base has less'),
    '4.4': note(old.length > 0 ? `older than ${OLD_DAYS} days` : `no image is older than ${OLD_DAYS} days`, old),
    '4.5': host.contentTrust ? PASS : warn('DOCKER_CONTENT_TRUST is not 1 for root: Docker takes unsigned images'),
    '4.6': without(having(({ hasHealthcheck }) => !hasHealthcheck)),
    '4.7': updating.length > 0 ? info('package lists are updated in a layer of these', updating) : PASS,
    '4.8': note(
      setuid.length > 0
        ? 'a layer of these sets a setuid or setgid bit'
        : 'no layer sets a setuid bit by chmod; what packages bring is not seen in the history',
      setuid,
    ),
    '4.9': adding.length > 0 ? info('these ADD files', adding) : PASS,
    '4.10': note(
      secret.length > 0
        ? 'the environment or a layer of these names what looks like a secret'
        : 'nothing in environments and layers is named like a secret',
      secret,
    ),
    '4.11': note('whether packages were verified is decided where the image is built: harden audit --dockerfile FILE'),
    '4.12': note('whether what is in an image is signed is decided where it is built'),
  };
}

function asRoot({ docker }: CisHost): CisFinding {
  if (docker.containers.length === 0) return info('no container runs');
  const root = docker.containers.filter(({ Config }) => /^(|0|root)(:.*)?$/.test(Config.User ?? ''));
  return root.length > 0
    ? warn(
        'these run as root',
        root.map(({ Name }) => Name.replace(/^\//, '')),
      )
    : PASS;
}

function without(images: readonly string[]): CisFinding {
  return images.length > 0 ? warn('these have no HEALTHCHECK', images) : PASS;
}
