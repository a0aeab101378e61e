import type { PlannedTask } from './plan.ts';
import type { Finding } from './task.ts';

/**
 * The first of the earlier tasks whose change may take away what a refusal rests on, so that it is known only after that change
 * whether it stands. A finding that says what it rests on (`because`) goes by that alone: nothing, where it says an empty list. Of
 * any other the message and the hint tell: an earlier task counts that alters a path or a thing which they name, a command that
 * speaks of such a path or of a word of the message, and a boot.
 */
export function mayRemove(earlier: readonly PlannedTask[], finding: Finding): PlannedTask | undefined {
  const text = `${finding.message}\n${finding.hint ?? ''}`;
  const paths = namedPaths(text);
  const rests = finding.because;
  if (rests?.length === 0) return undefined;
  const named = (entry: PlannedTask): boolean =>
    speaksOf(entry, finding.message, paths) || touchedBy(entry).some((thing) => isNamed(thing, text, paths));
  if (rests === undefined) return earlier.find(named);
  const bears = (entry: PlannedTask): boolean =>
    rests.some(
      (cause) =>
        touchedBy(entry).some((thing) => concerns(thing, cause)) || (cause.endsWith(':') && mayDoAnything(entry)),
    );
  return (
    earlier.find((entry) => speaksOf(entry, finding.message, paths)) ??
    earlier.find((entry) => bears(entry) && named(entry)) ??
    earlier.find(bears)
  );
}

/** Whatever a planned change alters, as needs; `TYPE:ID` names the task's own thing also where it goes. */
function touchedBy({ task, change }: PlannedTask): readonly string[] {
  if (change === undefined) return [];
  const own = /\s/.test(task.id) ? [] : [task.id.startsWith('/') ? `path:${task.id}` : `${task.type.type}:${task.id}`];
  return [
    ...own,
    ...(task.type.provides?.(task.params) ?? []),
    ...(task.type.keeps?.(task.params, change) ?? []).map((path: string) => `path:${path}`),
    ...(task.type.touches?.(task.params, change) ?? []),
  ];
}

/** A cause is a thing, a directory with all below it (`path:/etc/apt/`), or all things of a kind (`package:`). */
function concerns(thing: string, cause: string): boolean {
  if (thing === cause) return true;
  if (/^path:./.test(cause)) return thing.startsWith('path:') && overlap(thing.slice(5), cause.slice(5));
  return cause.endsWith(':') && thing.startsWith(cause);
}

function isNamed(thing: string, text: string, paths: readonly string[]): boolean {
  const name = thing.slice(thing.indexOf(':') + 1);
  if (!thing.startsWith('path:')) return hasWord(text, name);
  if (paths.some((path) => overlap(name, path))) return true;
  // a unit's file, and what adds to it, is spoken of by the unit's name
  return name.split('/').some((part) => /[^.]\.[a-z]/.test(part) && hasWord(text, part.replace(/\.d$/, '')));
}

function mayDoAnything({ task, change }: PlannedTask): boolean {
  return change !== undefined && task.type.touchesAnything !== undefined;
}

/** What a command does is told by its text alone. */
function speaksOf({ task, change }: PlannedTask, message: string, paths: readonly string[]): boolean {
  const said = change === undefined ? undefined : task.type.touchesAnything?.(task.params);
  if (said === undefined) return false;
  if (said === '') return true;
  if (namedPaths(said).some((path) => paths.some((other) => overlap(path, other)))) return true;
  return said
    .split(/[^\w.@-]+/)
    .some((word) => /^[A-Za-z][\w.@-]{2,}$/.test(word) && !COMMON.has(word.toLowerCase()) && hasWord(message, word));
}

// words that say nothing of what a refusal is about
const COMMON = new Set(
  'and the this that with from then else true false echo test file host task name after before first another same apt-get apt-mark systemctl service start stop restart install remove update'.split(
    ' ',
  ),
);

function overlap(one: string, other: string): boolean {
  const [a = '', b = ''] = [one, other].map((path) => `${path.replace(/\/+$/, '')}/`);
  return a.startsWith(b) || b.startsWith(a);
}

function namedPaths(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w./-])\/[\w.@+~-]+(?:\/[\w.@+~-]+)*/g)]
    .map(([path]) => path.replace(/[.-]+$/, ''))
    .filter(
      (path) => path.indexOf('/', 1) !== -1 || !/^\/(?:etc|usr|var|run|dev|proc|sys|bin|sbin|lib|tmp)$/.test(path),
    );
}

function hasWord(text: string, word: string): boolean {
  if (word.length < 2) return false;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const after = text.slice(at + word.length);
    const goesOn = /^(?:[\w-]|\.\w)/.test(after) && !/^\.(?:service|socket|timer|mount)\b/.test(after);
    if (!/[\w-]/.test(text[at - 1] ?? '') && !goesOn) return true;
  }
  return false;
}
