/**
 * Where a control of dev-sec's cis-docker-benchmark (CIS Docker 1.13, by its tag) asks what a check of docker-bench-security
 * (CIS Docker 1.6) asks; sections 3 and 4 have kept their numbers, and section 5 has moved up by one.
 */
const MOVED: Readonly<Record<string, string>> = {
  '1.1': '1.1.1',
  '1.2': '1.2.1',
  '1.3': '1.2.2',
  '1.4': '1.1.2',
  '1.5': '1.1.3',
  '1.6': '1.1.5',
  '1.7': '1.1.6',
  '1.8': '1.1.7',
  '1.9': '1.1.9',
  '1.10': '1.1.10',
  '1.11': '1.1.11',
  '1.12': '1.1.14',
  '1.13': '1.1.18',
  '2.14': '2.15',
  '2.15': '5.1',
  '2.16': '7.1',
  '2.17': '7.2',
  '2.18': '2.16',
  '2.19': '7.3',
  '2.20': '2.17',
  '2.21': '2.18',
  '2.22': '7.4',
  '2.23': '7.5',
  '2.24': '7.6',
  '6.4': '6.1',
  '6.5': '6.2',
};

/** Controls that no current Docker can meet, and why; each was tried with a dockerd that was started with it. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  '2.7': 'it wants ulimits as text, which dockerd does not take',
  '2.10': 'it wants dm.basesize, which current storage drivers do not know',
  '2.11': 'it wants an authorization plugin, without which dockerd does not start',
  '2.13': 'it wants disable-legacy-registry, which stops a current dockerd',
  '2.20': 'it wants a seccomp-profile named default, which is no file',
  '5.3': 'it compares a list with a pattern, and passes with no value',
  '5.21': 'it compares a list with a pattern, and passes with no value',
};

/** The check of docker-bench-security that asks what CIS Docker 1.13 asks under `cis`; undefined: none does. */
export function benchIdOf(cis: string): string | undefined {
  const moved = MOVED[cis];
  if (moved !== undefined) return moved;
  const [section, number] = cis.split('.').map(Number);
  if (section === 2 && number !== undefined && number <= 12) return `2.${number + 1}`;
  if (section === 3 || section === 4) return cis;
  if (section === 5 && number !== undefined) return `5.${number + 1}`;
  return undefined;
}

/** Why a control of cis-docker-benchmark fails on every current Docker; undefined: it can be met. */
export function unreachable(cis: string): string | undefined {
  return UNREACHABLE[cis];
}
