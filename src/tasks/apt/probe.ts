import type { State, StateValue } from '../../engine/state.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { aptReadOnlyOptions, ifListsKnowSources, parseAge, readAge, readOnlyApt } from './get.ts';
import { type Apt, type NamedPackage, namedPackages } from './params.ts';
import { parsePolicy } from './policy.ts';

/** Lists that are older than this (seconds) are no proof that a package does not exist. */
const PROOF_AGE = 86_400;

/** What holds of the packages of a task. The keys of packages are their names; the others have a "_", which no package name has. */
export type AptState = State;

/** Script that prints what `readPackages` reads: the status of the named packages, and what apt says of those that would change. */
export function probePackages(p: Apt): Script {
  const packages = namedPackages(p);
  const release = p.default_release === undefined ? '' : sh` -oAPT::Default-Release=${p.default_release}`;
  const asked = packages.map((entry) => askWhere(entry, p)).join('');
  const ask =
    p.state === 'absent'
      ? sh`apt-get ${aptReadOnlyOptions} -s -y -q ${removeOptions(p)} "$@" 2>&1 | grep -E '^(Remv|Purg|E:)'`
      : sh`${raw(readAge)}echo policy:
${raw(p.state === 'latest' ? '' : `${ifListsKnowSources} && `)}apt-cache ${aptReadOnlyOptions}${raw(release)} policy "$@" 2>/dev/null`;
  return sh`known=$(dpkg-query -W -f='P|\${db:Status-Abbrev}|\${Package}|\${Architecture}|\${Version}|\${Package}|\\n' -- ${packages.map(({ name }) => name)} 2>/dev/null)
printf '%s\n' "$known"
set --
${raw(asked)}if [ "$#" -gt 0 ]; then
${raw(readOnlyApt)}${raw(ask)}
fi
`;
}

/** The apt-get command that removes packages, and its options. */
export function removeOptions(p: Pick<Apt, 'purge' | 'autoremove'>): readonly string[] {
  return [...(p.autoremove ? ['--autoremove'] : []), p.purge ? 'purge' : 'remove'];
}

// Takes the package among those that apt is asked about, if what dpkg-query printed leaves a question open.
function askWhere({ name, version }: NamedPackage, p: Apt): Script {
  const [bare = '', architecture] = name.split(':');
  const fields = architecture === undefined ? sh`'|'${bare}'|'` : sh`'|'${bare}'|'${architecture}'|'`;
  const ask = sh`set -- "$@" ${name}`;
  if (p.state === 'latest') return `${ask}\n`;
  if (p.state === 'absent')
    return sh`case $known in *'P|'?[HUFWti${raw(p.purge ? 'c' : '')}]?${raw(fields)}*) ${raw(ask)} ;; esac
`;
  const settled = version === undefined ? sh`*'P|'?i?${raw(fields)}*` : sh`*'|'${version}'|'${bare}'|'*`;
  return sh`case $known in ${raw(settled)}) ;; *) ${raw(ask)} ;; esac
`;
}

interface Row {
  readonly status: string;
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
}

const STATUS: Readonly<Record<string, string>> = {
  c: 'configuration files',
  H: 'half-installed',
  U: 'unpacked',
  F: 'half-configured',
  W: 'waits for triggers',
  t: 'has pending triggers',
};

/** What holds of the named packages; null: they are all gone, for a task that wants them so. */
export function readPackages(output: string, p: Apt): AptState {
  const rows = parseRows(output);
  return p.state === 'absent' ? readRemoval(output, p, rows) : readPresence(output, p, rows);
}

function readRemoval(output: string, p: Apt, rows: readonly Row[]): AptState {
  const there = namedPackages(p).flatMap(({ name }) => {
    const row = find(rows, name);
    if (row === undefined || row.status[1] === 'n' || (row.status[1] === 'c' && !p.purge)) return [];
    return [[name, row.status[1] === 'i' ? row.version : (STATUS[row.status[1] ?? ''] ?? row.status)] as const];
  });
  if (there.length === 0) return null;
  const named = new Set(there.map(([name]) => name));
  const others = [...output.matchAll(/^(?:Remv|Purg) (\S+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => !named.has(name));
  const refused = [...output.matchAll(/^E: (.*)$/gm)].map(([, text = '']) => text);
  return {
    ...Object.fromEntries(there),
    ...(others.length > 0 ? { also_removes: [...new Set(others)] } : {}),
    ...(refused.length > 0 ? { apt_refuses: refused } : {}),
  };
}

function readPresence(output: string, p: Apt, rows: readonly Row[]): AptState {
  const policy = parsePolicy(output.split('\npolicy:\n')[1] ?? '');
  const age = parseAge(output);
  const listsAreProof = age !== undefined && age.seconds <= PROOF_AGE;
  const state: Record<string, StateValue> = {};
  const problems: string[] = [];
  for (const { name, version } of namedPackages(p)) {
    const row = find(rows, name);
    const installed = row?.status[1] === 'i' ? row.version : undefined;
    const broken = row === undefined ? undefined : STATUS[row.status[1] ?? ''];
    const known = policy.get(name);
    const candidate = known?.candidate;
    state[name] = broken !== undefined && row?.status[1] !== 'c' ? broken : presence(p, installed, version, candidate);
    if (installed !== undefined && row?.status[0] === 'h' && state[name] !== wanted(p, version))
      state.on_hold = [...list(state.on_hold), name];
    const settled = version === undefined ? installed !== undefined : installed === version;
    if (settled || !listsAreProof) continue;
    if (known === undefined) problems.push(`there is no package ${name} in the host's package lists`);
    else if (version !== undefined && !known.versions.includes(version))
      problems.push(
        `${name} has no version ${version} in the host's package lists, which have ${known.versions.join(', ') || 'none'}`,
      );
    else if (candidate === undefined) problems.push(`${name} has no version that the host could install`);
  }
  if (problems.length > 0) state.not_available = problems;
  if (p.state === 'latest' && p.update_cache)
    state.package_lists = age !== undefined && age.seconds <= p.cache_valid_time ? 'fresh' : 'old';
  return state;
}

/** The value that says that a package is as the task wants it. */
export function wanted(p: Apt, version: string | undefined): string {
  return version ?? (p.state === 'latest' ? 'latest' : 'installed');
}

function presence(
  p: Apt,
  installed: string | undefined,
  version: string | undefined,
  candidate: string | undefined,
): string {
  if (installed === undefined) return 'absent';
  if (version !== undefined) return installed;
  if (p.state !== 'latest') return 'installed';
  return candidate === undefined || candidate === installed ? 'latest' : `${installed} (${candidate} is there)`;
}

function list(value: StateValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function parseRows(output: string): readonly Row[] {
  return output.split('\n').flatMap((line) => {
    const [mark, status = '', name = '', architecture = '', version = ''] = line.split('|');
    return mark === 'P' ? [{ status, name, architecture, version }] : [];
  });
}

// with several architectures the one that is furthest along counts
function find(rows: readonly Row[], name: string): Row | undefined {
  const [bare, architecture] = name.split(':');
  const candidates = rows.filter(
    (row) => row.name === bare && (architecture === undefined || row.architecture === architecture),
  );
  return candidates.find((row) => row.status[1] === 'i') ?? candidates[0];
}
