import { sysctlPath } from '../support/sysctl-key.ts';

/** A parameter of all interfaces, which each has a value of its own for. */
export interface PerInterface {
  /** `net/ipv4/conf`. */
  readonly folder: string;
  /** `rp_filter`. */
  readonly key: string;
}

/** Of `net.ipv4.conf.all.rp_filter`; undefined for every other name. */
export function perInterface(name: string): PerInterface | undefined {
  const [, folder, key] = /^(net\/ipv[46]\/conf)\/all\/([A-Za-z0-9_-]+)$/.exec(sysctlPath(name)) ?? [];
  return folder === undefined || key === undefined ? undefined : { folder, key };
}
