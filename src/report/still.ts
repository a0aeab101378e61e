import type { Listener, RunEvent } from '../engine/events.ts';

/** How long something is at work before it is told that it still is: reading a host, and a step of a run. */
const PATIENCE = { reading: [10, 30], step: [30, 60] } as const;
/** After that, again and again. */
const AGAIN = 60;

interface Stage {
  readonly kind: keyof typeof PATIENCE;
  readonly at: string;
  readonly since: number;
  next: number;
}

/** For logs, where nothing is drawn in place: names each host that takes long, what it is at, and who waits for it. */
export interface StillThere {
  readonly listen: Listener;
  /** Looks at the clock; called every second. */
  look(): void;
  end(): void;
}

export function stillThere(write: (host: string, line: string) => void, now = () => performance.now()): StillThere {
  const stages = new Map<string, Stage>();
  const read = new Set<string>();
  let ticking: NodeJS.Timeout | undefined;
  const look = (): void => {
    for (const [host, stage] of stages) {
      const seconds = (now() - stage.since) / 1000;
      const due = PATIENCE[stage.kind][stage.next] ?? AGAIN * (stage.next - 1) + PATIENCE[stage.kind][1];
      if (seconds < due) continue;
      stage.next += 1;
      const waiting = stage.kind === 'reading' && read.size > 0 ? `; ${waiters(read)} for its plan` : '';
      write(host, `still ${stage.at} after ${Math.floor(seconds)} s${waiting}`);
    }
  };
  return {
    look,
    listen: (event) => {
      const stage = stageOf(event);
      if (stage) stages.set(event.host, { ...stage, since: now(), next: 0 });
      else if (ENDS.has(event.kind)) stages.delete(event.host);
      if (event.kind === 'planned') read.add(event.host);
      if (event.kind === 'host-ended') read.delete(event.host);
      ticking ??= setInterval(look, 1000);
      ticking.unref();
    },
    end: () => clearInterval(ticking),
  };
}

const ENDS: ReadonlySet<RunEvent['kind']> = new Set(['planned', 'step-ended', 'handler-ended', 'proved', 'host-ended']);

function stageOf(event: RunEvent): Pick<Stage, 'kind' | 'at'> | undefined {
  switch (event.kind) {
    case 'connecting':
      return { kind: 'reading', at: 'connecting' };
    case 'connected':
      return { kind: 'reading', at: 'being read' };
    case 'step-started':
      return { kind: 'step', at: `at: ${event.name}` };
    case 'handler-started':
      return { kind: 'step', at: `at the handler: ${event.name}` };
    case 'proving':
      return { kind: 'step', at: 'proving' };
    case 'auditing':
      return { kind: 'step', at: `auditing: ${event.tool}` };
    default:
      return undefined;
  }
}

function waiters(read: ReadonlySet<string>): string {
  const [first = ''] = read;
  return read.size === 1 ? `${first} waits` : `${read.size} hosts wait`;
}
