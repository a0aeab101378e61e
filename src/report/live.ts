import type { Listener, RunEvent } from '../engine/events.ts';
import { oneLine } from '../text/clean.ts';
import type { Paint } from './paint.ts';
import { firstLine, progressLine } from './plain.ts';
import { fitted, type Screen, widthOf } from './screen.ts';

/** Progress in place on a terminal, a line a host. It renders events and decides nothing. */
export interface LiveProgress {
  readonly listen: Listener;
  /** Takes the lines away for as long as something else is shown; the next event brings them back. */
  hide(): void;
  /** Leaves the lines as they are at the end. */
  settle(): void;
}

/** Where a host is. */
interface Standing {
  readonly mark: 'waits' | 'works' | 'ok' | 'failed';
  /** What it does, or how it ended. */
  readonly at: string;
  /** The last line that this wrote. */
  readonly said?: string;
  /** When it began, in milliseconds; undefined for what does not take time. */
  readonly since?: number;
}

interface HostLine {
  standing: Standing;
  done: number;
  total: number | undefined;
}

const MARK = { waits: ['dim', '·'], works: ['cyan', '›'], ok: ['green', '✔'], failed: ['red', '✖'] } as const;

/** So long a name stands in a column of its own. */
const NAME = 28;

/** Lines of the hosts on a screen; what failed and what was remarked is written above them and stays. */
export function liveProgress(
  screen: Screen,
  write: (text: string) => void,
  paint: Paint,
  now: () => number = () => performance.now(),
): LiveProgress {
  const hosts = new Map<string, HostLine>();
  let ticking: NodeJS.Timeout | undefined;
  let hidden = false;
  let applied = false;

  const draw = (): void => {
    if (!hidden) screen.draw(hostLines(hosts, screen.size(), paint, now()));
  };
  return {
    listen: (event) => {
      applied ||= event.kind === 'applying' || event.kind === 'auditing';
      hidden = hidden && !applied;
      take(hosts, event, now());
      const lasting = lastingLine(event);
      if (lasting) write(`${event.host}: ${oneLine(lasting)}\n`);
      ticking ??= setInterval(draw, 1000);
      ticking.unref();
      draw();
    },
    hide: () => {
      hidden = true;
      screen.draw([]);
    },
    settle: () => {
      clearInterval(ticking);
      ticking = undefined;
      if (hosts.size === 0) return;
      if (applied) draw();
      else screen.draw([]);
      screen.leave();
      hosts.clear();
    },
  };
}

/** What stays readable when the line of the host has gone on. */
function lastingLine(event: RunEvent): string | undefined {
  if (event.kind === 'note') return progressLine(event);
  const failed = (event.kind === 'step-ended' || event.kind === 'handler-ended') && event.status === 'failed';
  return failed ? progressLine(event) : undefined;
}

function take(hosts: Map<string, HostLine>, event: RunEvent, since: number): void {
  const line: HostLine = hosts.get(event.host) ?? {
    standing: { mark: 'works', at: 'connecting', since },
    done: 0,
    total: undefined,
  };
  hosts.set(event.host, line);
  if (event.kind === 'planned') line.total = event.plan.tasks.filter(({ change }) => change).length;
  else if (event.kind === 'step-ended' && event.status !== 'failed') line.done += 1;
  line.standing = standingAt(event, since, line) ?? line.standing;
}

/** Where an event brings its host; undefined where it stays. */
function standingAt(event: RunEvent, since: number, { total }: HostLine): Standing | undefined {
  const works = (at: string): Standing => ({ mark: 'works', at: oneLine(at), since });
  switch (event.kind) {
    case 'connecting':
      return works('connecting');
    case 'connected':
    case 'probing':
      return total === undefined ? works('reading the host') : undefined;
    case 'planned':
      return { mark: 'waits', at: 'read' };
    case 'step-started':
      return works(event.name);
    case 'handler-started':
      return works(`handler: ${event.name}`);
    case 'proving':
      return works('proving: reading everything again');
    case 'auditing':
      return works(`auditing: ${event.tool}`);
    case 'host-ended':
      if (event.status === 'ok') return { mark: 'ok', at: 'as wanted, and proved' };
      if (event.status === 'changes') return { mark: 'ok', at: 'differs' };
      return { mark: 'failed', at: oneLine(firstLine(event.error?.message ?? event.status)) };
    default:
      return undefined;
  }
}

function hostLines(
  hosts: ReadonlyMap<string, HostLine>,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  paint: Paint,
  now: number,
): readonly string[] {
  const room = Math.max(1, rows - 1);
  const all = [...hosts];
  // Where not all have room, those that have work before them are seen.
  const order = { works: 0, waits: 1, failed: 2, ok: 3 };
  const shown =
    all.length <= room
      ? all
      : [...all].sort(([, a], [, b]) => order[a.standing.mark] - order[b.standing.mark]).slice(0, room - 1);
  const width = Math.min(NAME, Math.max(0, columns - 2), Math.max(...all.map(([name]) => widthOf(name))));
  const lines = shown.map(([name, line]) => hostLine(name, line, { columns, width, now }, paint));
  if (shown.length < all.length) lines.push(fitted(`  and ${rest(all, shown)}`, columns));
  return lines;
}

function hostLine(
  name: string,
  { standing, done, total }: HostLine,
  { columns, width, now }: { readonly columns: number; readonly width: number; readonly now: number },
  paint: Paint,
): string {
  const { mark, at, said, since } = standing;
  const [colour, sign] = MARK[mark];
  const short = fitted(name, width);
  const count = total === undefined ? '' : ` ${done}/${total}`;
  const time = since === undefined ? '' : ` ${elapsed(now - since)}`;
  const words = ` ${at}${said ? `: ${said}` : ''}`;
  const text = `${' '.repeat(width - widthOf(short))}${count}${time}${words}`;
  return `${paint(colour, sign)} ${paint('bold', short)}${fitted(text, columns - 2 - widthOf(short))}`;
}

function rest(all: readonly (readonly [string, HostLine])[], shown: readonly (readonly [string, HostLine])[]): string {
  const others = all.filter((each) => !shown.includes(each));
  const count = (mark: Standing['mark'], word: string) => {
    const number = others.filter(([, { standing }]) => standing.mark === mark).length;
    return number > 0 ? [`${number} ${word}`] : [];
  };
  const parts = [
    ...count('works', 'at work'),
    ...count('waits', 'waiting'),
    ...count('failed', 'failed'),
    ...count('ok', 'done'),
  ];
  return `${others.length} more: ${parts.join(', ')}`;
}

/** `0:07`, `3:15`, `1:02:00`. */
function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number: number) => String(number).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
