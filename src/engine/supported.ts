import { HostError } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';

/** Systems that are replaced as a whole and set from outside, by their os-release ID or name, and what sets them. */
const IMAGES: readonly (readonly [pattern: RegExp, set: string])[] = [
  [/^ubuntu-core\b/, 'Ubuntu Core is set by snaps and its gadget'],
  [/\b(coreos|flatcar)\b/, 'CoreOS and Flatcar are set by Ignition when they are provisioned'],
  [/^(rancheros|burmilla)\b/, 'RancherOS is set by cloud-config, and is not maintained any more'],
  [/^bottlerocket\b/, 'Bottlerocket is set by its API'],
];

/** Why nothing can be planned for a host of this kind; undefined where it can. */
export function whyUnsupported({ os, apt }: Facts): HostError | undefined {
  const kind = `${os.id} ${os.name}`.toLowerCase();
  const image = IMAGES.find(([pattern]) => pattern.test(kind));
  const what =
    os.name === 'unknown' ? 'the host says nothing of its system (/etc/os-release)' : `the host runs ${os.name}`;
  if (image)
    return new HostError(`${what}, whose image is replaced as a whole: harden cannot keep a state on it`, {
      hint: `${image[1]}; docker-bench-security runs on it with harden audit`,
    });
  if (!apt)
    return new HostError(`${what} and has no apt: harden is for Debian, Ubuntu and what is made of them`, {
      hint: 'Leave the host out; docker-bench-security runs on it with harden audit',
    });
  return undefined;
}
