/** What `apt-cache policy` says of one package. */
export interface PackagePolicy {
  /** What apt would install; undefined where there is nothing to install (a virtual package). */
  readonly candidate: string | undefined;
  /** Every version that apt knows of, the newest first. */
  readonly versions: readonly string[];
}

/** The output of `apt-cache policy NAME…` by package; packages that apt does not know are not in it. */
export function parsePolicy(output: string): ReadonlyMap<string, PackagePolicy> {
  const packages = new Map<string, PackagePolicy>();
  for (const block of output.split(/^(?=\S)/m)) {
    const name = /^(\S+):\n/.exec(block)?.[1];
    if (name === undefined) continue;
    const candidate = /^ {2}Candidate: (\S+)$/m.exec(block)?.[1];
    const versions = [...block.matchAll(/^(?: \*\*\*| {4}) (\S+) /gm)].map(([, version = '']) => version);
    packages.set(name, { candidate: candidate === '(none)' ? undefined : candidate, versions });
  }
  return packages;
}
