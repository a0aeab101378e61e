import type { Change } from '../../engine/diff.ts';
import type { Finding, Foreseen } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { aptReadOnlyOptions, parseAge, readAge, readOnlyApt } from './get.ts';
import { type Apt, namedPackages } from './params.ts';
import type { AptState } from './probe.ts';

type Entry = Foreseen<Apt, AptState>;

/** apt-get's options for a task, beside those against removals. */
export function installOptions(p: Apt): readonly string[] {
  return [
    ...(p.install_recommends === undefined ? [] : [`-oAPT::Install-Recommends=${p.install_recommends}`]),
    ...(p.default_release === undefined ? [] : ['-t', p.default_release]),
    ...(p.allow_downgrade ? ['--allow-downgrades'] : []),
  ];
}

/** What apt-get is told of the packages that a change is about: `nginx`, `nginx=1.22`, and `nginx-` where it goes. */
export function packageWords({ keys, before }: Change<AptState>, p: Apt): readonly string[] {
  if (p.state === 'absent')
    return namedPackages(p).flatMap(({ name }) => (before?.[name] === undefined ? [] : [`${name}-`]));
  // a package may become older than the newest only once the lists are refreshed
  const named = namedPackages(p).filter(({ name }) => p.state === 'latest' || keys.includes(name));
  return named.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`));
}

/**
 * Script that has apt-get try, without doing anything, what all tasks want together; where that removes what no task names, or
 * fails, each task with those before it, so that it is seen which one it comes with. With the lists as they are.
 */
export function simulateScript(all: readonly Entry[]): Script | undefined {
  const asks = groups(all).filter(({ entries }) => entries.some(({ params }) => params.state !== 'absent'));
  if (asks.length === 0) return undefined;
  return sh`${raw(readAge)}${raw(readOnlyApt)}ask() {
  apt-get ${aptReadOnlyOptions} -s -y -q "$@" 2>&1 | grep -E '^((Remv|Purg) |E: | +[^ ]+ : |  +[0-9]+[.] )'
}
stranger() {
  while read -r verb name more; do
    case $verb in Remv | Purg) case " $named " in *" $name "*) continue ;; esac ;; esac
    return 0
  done
  return 1
}
${raw(asks.map(askGroup).join(''))}`;
}

interface Group {
  readonly options: readonly string[];
  readonly entries: readonly Entry[];
}

function groups(all: readonly Entry[]): readonly Group[] {
  const by = new Map<string, Entry[]>();
  for (const entry of all) {
    if (entry.params.name === undefined) continue;
    const key = JSON.stringify(installOptions(entry.params));
    by.set(key, [...(by.get(key) ?? []), entry]);
  }
  return [...by.values()].map((entries) => ({ options: installOptions(entries[0]!.params), entries }));
}

function askGroup({ options, entries }: Group): Script {
  const words = entries.map(({ change, params }) => packageWords(change, params));
  // what goes before anything is installed stands in nobody's way; of what goes later each task must tell
  const first = entries.findIndex(({ params }) => params.state !== 'absent');
  const named = entries.slice(0, first).flatMap((entry) => [...leaving(entry)]);
  const each = entries
    .map(({ index }, at) => sh`echo ${`task:${index}`}\nask ${options} install ${words.slice(0, at + 1).flat()}\n`)
    .join('');
  return sh`named=${named.join(' ')}
if ask ${options} install ${words.flat()} | stranger; then
${raw(each)}fi
`;
}

/** What the task itself says, or its plan shows, that it removes. */
function leaving({ change, params }: Entry): ReadonlySet<string> {
  if (params.state !== 'absent') return new Set();
  const also = change.before?.also_removes;
  return new Set([...namedPackages(params).map(({ name }) => name), ...(Array.isArray(also) ? also : [])]);
}

/** What follows for each task. */
export function simulationFindings(output: string, all: readonly Entry[]): readonly (readonly Finding[])[] {
  const age = parseAge(output)?.seconds ?? 0;
  const parts = new Map(
    output
      .split(/^task:/m)
      .slice(1)
      .map((part) => [Number(part.slice(0, part.indexOf('\n'))), part.split('\n').slice(1)] as const),
  );
  const found = new Map<number, readonly Finding[]>();
  for (const { entries } of groups(all)) {
    let earlier: ReadonlySet<string> = new Set();
    for (const [at, entry] of entries.entries()) {
      const lines = new Set((parts.get(entry.index) ?? []).filter((line) => line.trim() !== ''));
      const fresh = [...lines].filter((line) => !earlier.has(line));
      const gone = new Set(entries.slice(0, at + 1).flatMap((one) => [...leaving(one)]));
      const before = all.slice(0, all.indexOf(entry)).some((one) => refreshes(one, age));
      if (entry.params.state !== 'absent')
        found.set(entry.index, judge(fresh, gone, entry, refreshes(entry, age), before));
      earlier = lines;
    }
  }
  return all.map(({ index }) => found.get(index) ?? []);
}

/** Whether the task refreshes the lists before it installs. */
function refreshes({ params: p, change }: Entry, age: number): boolean {
  if (p.state === 'absent') return false;
  if (p.name === undefined) return change.keys.includes('package_lists');
  return age > (p.update_cache ? p.cache_valid_time : 2_000_000_000);
}

function judge(
  lines: readonly string[],
  gone: ReadonlySet<string>,
  { change, params: p }: Entry,
  refreshed: boolean,
  refreshedBefore: boolean,
): readonly Finding[] {
  const what = packageWords(change, p).join(', ');
  const removed = [...new Set(lines.flatMap((line) => /^(?:Remv|Purg) (\S+)/.exec(line)?.[1] ?? []))];
  const allowed = removed.filter((name) => p.allow_removals.includes(name));
  const strangers = removed.filter((name) => !gone.has(name) && !p.allow_removals.includes(name));
  const because = ['path:/etc/apt/', ...(refreshedBefore ? ['path:/var/lib/apt/lists/'] : [])];
  const say = (message: string, hint?: string): Finding =>
    refreshed && !refreshedBefore
      ? warning(
          `with the package lists as they are, ${message}; the task refreshes them first, and fails where it is so then`,
          hint,
        )
      : refusal(message, hint, because);
  const said = problems(lines);
  return [
    ...(allowed.length > 0 ? [warning(`removes ${allowed.join(', ')}, which allow_removals names`)] : []),
    ...(strangers.length > 0
      ? [
          say(
            `apt would remove ${strangers.join(', ')} to install ${what}`,
            `Remove ${strangers.length === 1 ? 'it' : 'them'} in a task before this one, or write allow_removals: [${[...p.allow_removals, ...strangers].join(', ')}]`,
          ),
        ]
      : []),
    ...(said === undefined ? [] : [say(`apt does not install ${what}: ${said}`)]),
  ];
}

// what cannot be found is told by apt-cache policy already, and what is on hold by dpkg
const TOLD = /Unable to locate|has no installation candidate|was not found|Held packages were changed/;

function problems(lines: readonly string[]): string | undefined {
  const errors = lines.filter((line) => line.startsWith('E: ') && !TOLD.test(line)).map((line) => line.slice(3));
  if (errors.length === 0) return undefined;
  const reasons = lines.filter((line) => line.startsWith(' ')).map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return [...reasons, ...errors].join('; ');
}
