import type { Listr, ListrTask } from 'listr2';
import type { AuditResult } from '../audit/result.ts';
import type { Listener, RunEvent, StepStatus } from '../engine/events.ts';
import type { HostPlan } from '../engine/plan.ts';
import { progressLine } from './plain.ts';
import { printable } from './text-diff.ts';

/** What a step came to, for its line: done (with how long it took), skipped, or failed with the reason. */
type Outcome =
  | { readonly kind: 'done'; readonly milliseconds: number }
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Progress that is redrawn in place on a terminal: a line for each host and each of its steps. It renders events and decides nothing. */
export interface LiveProgress {
  readonly listen: Listener;
  /** Says something at the line that each host is at; what else is written to the terminal is seen only at the end. */
  say(text: string): void;
  /** Resolves when everything has been drawn; what has not ended by then is drawn as failed. */
  settled(): Promise<void>;
}

/** listr2 over the events of an apply; it is loaded when the first host is applied. */
export function liveProgress(stream: NodeJS.WriteStream, before: Listener): LiveProgress {
  const hosts = new Map<string, HostLines>();
  let running: Promise<unknown> | undefined;
  return {
    listen: (event) => {
      if (event.kind === 'planned') hosts.set(event.host, new HostLines(event.plan));
      // A host that ended before anything was drawn has no more events, and its lines would wait for them.
      else if (event.kind === 'host-ended' && running === undefined) hosts.delete(event.host);
      else if (event.kind === 'applying' && running === undefined)
        running = draw(
          [...hosts.values()].filter((host) => host.steps > 0),
          stream,
        );
      if (running === undefined) before(event);
      else hosts.get(event.host)?.take(event);
    },
    say: (text) => {
      for (const host of hosts.values()) host.say(text);
    },
    settled: async () => {
      for (const host of hosts.values()) host.leave();
      await running;
      running = undefined;
    },
  };
}

async function draw(hosts: readonly HostLines[], stream: NodeJS.WriteStream): Promise<void> {
  const { DefaultRenderer, Listr, ListrLogger, ProcessOutput } = await import('listr2');
  // Left alone, listr2 asks whether stdout is a terminal, and writes lines into it where it is not: there the result is.
  class OnStream extends DefaultRenderer {
    static override readonly nonTTY = true;
  }
  const logger = new ListrLogger({
    useIcons: true,
    processOutput: new ProcessOutput(stream, stream, { leaveEmptyLine: false }),
  });
  const list = new Listr(
    hosts.map((host) => host.task()),
    {
      renderer: OnStream,
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { logger, collapseSubtasks: false, showErrorMessage: true, collapseErrors: false },
    },
  );
  // A failed host is told by the events' summary; here it only has its mark.
  await list.run().catch(() => undefined);
}

/** The lines of one host: its steps in order, then handlers, proof and audit. */
class HostLines {
  private readonly plan: HostPlan;
  private readonly outcomes = new Map<string, Deferred<Outcome>>();
  private readonly audits: AuditResult[] = [];
  /** Shows a text below the line that the host is at. */
  say: (text: string) => void = () => {};

  constructor(plan: HostPlan) {
    this.plan = plan;
  }

  /** How many lines there will be under the host. */
  get steps(): number {
    return this.plan.tasks.filter((task) => task.change).length + this.plan.handlers.length + this.plan.armed.length;
  }

  task(): ListrTask {
    return {
      title: this.plan.host,
      task: (_, wrapper): Listr => wrapper.newListr(this.lines(), { concurrent: false, exitOnError: true }),
    };
  }

  take(event: RunEvent): void {
    if (event.kind === 'step-ended')
      this.end(
        `step ${event.index}`,
        outcome(event.status, event.milliseconds, event.error?.output ?? event.error?.message),
      );
    else if (event.kind === 'handler-ended' && event.status === 'failed')
      this.end('handlers', outcome('failed', 0, event.error?.output ?? event.error?.message));
    else if (event.kind === 'proving') this.end('handlers', { kind: 'done', milliseconds: 0 });
    else if (event.kind === 'proved') this.end('proof', { kind: 'done', milliseconds: 0 });
    else if (event.kind === 'audited') this.audits.push(event.audit);
    else if (event.kind === 'host-ended') {
      const rest: Outcome =
        event.status === 'failed'
          ? { kind: 'failed', reason: event.error?.message ?? 'failed' }
          : { kind: 'skipped', why: 'nothing to do' };
      if (this.audits.length > 0) this.end('audit', auditOutcome(this.audits));
      for (const key of this.keys()) this.end(key, rest);
    }
    const line = progressLine(event);
    if (line && (event.kind === 'handler-ended' || event.kind === 'note')) this.say(line);
  }

  /** The whole run is over. */
  leave(): void {
    for (const key of this.keys()) this.end(key, { kind: 'failed', reason: 'left undone' });
  }

  private keys(): readonly string[] {
    const steps = this.plan.tasks.filter((task) => task.change).map(({ task }) => `step ${task.index}`);
    return [...steps, 'handlers', 'proof', ...(this.plan.audited ? ['audit'] : [])];
  }

  private lines(): ListrTask[] {
    const names = new Map(this.plan.tasks.map(({ task }) => [`step ${task.index}`, printable(task.name)]));
    return this.keys().map((key) => ({
      title: names.get(key) ?? key,
      task: async (_, wrapper) => {
        this.say = (text) => {
          wrapper.output = text;
        };
        const ended = await this.ended(key).promise;
        if (ended.kind === 'skipped') wrapper.skip(`${wrapper.title} (${ended.why})`);
        else if (ended.kind === 'failed')
          throw new Error(printable(this.plan.masker.text(ended.reason.split('\n')[0] ?? '')));
        else if (ended.milliseconds >= 1000)
          wrapper.title = `${wrapper.title} (${(ended.milliseconds / 1000).toFixed(1)} s)`;
      },
    }));
  }

  private ended(key: string): Deferred<Outcome> {
    return deferredIn(this.outcomes, key);
  }

  private end(key: string, ended: Outcome): void {
    this.ended(key).resolve(ended);
  }
}

function outcome(status: StepStatus, milliseconds: number, reason = ''): Outcome {
  if (status === 'failed') return { kind: 'failed', reason };
  return status === 'changed' ? { kind: 'done', milliseconds } : { kind: 'skipped', why: 'already as wanted' };
}

/** Done only when each audit ran. */
function auditOutcome(audits: readonly AuditResult[]): Outcome {
  const left = audits.flatMap((audit) => (audit.status === 'not-run' ? [`${audit.tool}: ${audit.reason}`] : []));
  return left.length > 0 ? { kind: 'skipped', why: `not run: ${left.join('; ')}` } : { kind: 'done', milliseconds: 0 };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

function deferredIn<T>(map: Map<string, Deferred<T>>, key: string): Deferred<T> {
  let found = map.get(key);
  if (!found) {
    let resolve: (value: T) => void = () => {};
    const promise = new Promise<T>((settle) => {
      resolve = settle;
    });
    found = { promise, resolve };
    map.set(key, found);
  }
  return found;
}
