import { z } from 'zod';
import type { WayIn } from '../../../src/engine/access-effect.ts';
import type { RunEvent } from '../../../src/engine/events.ts';
import type { RunIdentity } from '../../../src/engine/journal/journal-script.ts';
import type { ResolvedTask } from '../../../src/engine/resolved-task.ts';
import type { PlaybookHost } from '../../../src/engine/session.ts';
import { type AnyTaskType, defineTask } from '../../../src/engine/task.ts';
import { HostError } from '../../../src/errors.ts';
import { sh } from '../../../src/remote/sh.ts';
import type { ApplyScript, BatchOptions, BatchResult, Frame, RootShell } from '../../../src/remote/shell.ts';
import { debian12Facts } from '../../support/facts.ts';

interface Thing {
  readonly name: string;
  readonly value: string;
  readonly access?: { readonly sshd?: { readonly permitRootLogin: string }; readonly administrator?: string };
}

/** A task that sets one thing of a fake host. */
const thing = defineTask<Thing, { value: string }>({
  type: 'thing',
  summary: 'A thing with a value.',
  params: z.custom<Thing>(),
  examples: [],
  id: ({ name }) => name,
  probe: ({ name }) => sh`get ${name}`,
  read: (output) => ({ value: output }),
  want: ({ value }) => ({ value }),
  apply: ({ after }, { name }) => sh`put ${name} ${after?.value ?? ''}`,
  undo: ({ before }, { name }) => sh`put ${name} ${before?.value ?? ''}`,
  access: ({ access }) => [
    ...(access?.sshd ? [{ sshd: access.sshd }] : []),
    ...(access?.administrator
      ? [{ administrator: { user: access.administrator, able: true } }, { key: { user: access.administrator } }]
      : []),
  ],
});

export function things(...params: readonly Thing[]): ResolvedTask[] {
  return params.map((each, index) => ({
    index,
    name: `thing ${each.name}`,
    type: thing as AnyTaskType,
    params: each,
    id: each.name,
    at: { file: 'p.yml', line: index + 1, column: 1 },
    tags: [],
    notify: [],
    sensitive: false,
  }));
}

export const RUN: RunIdentity = { id: 'RUN', by: 'me@here', at: 'now', playbook: 'p.yml', tool: '0' };

/** What a script of the engine is, by what only it says. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['begin', /harden_prune &&/],
  ['arm', /\$harden_run\/arming/],
  ['end', /\$harden_run"\/\[0-9\]\*; do harden_leave/],
  ['fire', /\$harden_run\/fire"/],
  ['report', /cat "\$run\/undo\.log"/],
  ['disarm', /^set -e\n.*\nmv "\$run\/armed"/],
  ['came', /\$run\/came"/],
  ['step', /harden_begin/],
  ['handler', /harden_busy/],
  ['alive', /^harden_alive$/],
];

/** A host without a host: it knows the engine's scripts by what only they say, and keeps a map of values. */
export class FakeHost {
  readonly values = new Map<string, string>();
  /** What was done, in order: kinds of scripts, `put NAME`, `login`, `login as USER`, `login failed`. */
  readonly log: string[] = [];
  readonly events: RunEvent[] = [];
  /** Whether a login works now; by default as long as nobody has put `door` to `shut`. */
  lets = (_way: WayIn): boolean => this.values.get('door') !== 'shut';
  /** Kinds of scripts, and `put NAME`, that fail with this status. */
  readonly failing = new Map<string, number>();
  /** What the stage of the undo does. */
  readonly stages = new Map<number, () => void>();
  /** Kept when a step changes it. */
  private readonly before = new Map<string, string>();
  /** Called before each script. */
  onScript = (_kind: string): void => {};

  host(tasks: readonly ResolvedTask[], more: Partial<PlaybookHost> = {}): PlaybookHost {
    return {
      name: 'root@fake',
      connect: async (way = {}) => this.connect(way),
      resolve: () => ({ file: 'p.yml', name: 'p', tasks, handlers: [], audit: undefined, secrets: [] }),
      ...more,
    };
  }

  readonly listen = (event: RunEvent): void => void this.events.push(event);

  /** What was told; that a host without systemd proves no next boot is told of each run. */
  notes(): readonly string[] {
    return this.events.flatMap((event) =>
      event.kind === 'note' && !event.message.startsWith('the next boot is not proved') ? [event.message] : [],
    );
  }

  undo(): void {
    for (const [name, value] of this.before) this.values.set(name, value);
  }

  connect(way: WayIn = {}): RootShell {
    const as = `login${way.user ? ` as ${way.user}` : ''}`;
    if (!this.lets(way)) {
      this.log.push(`${as} failed`);
      throw new HostError('the login was refused');
    }
    this.log.push(as);
    let stopped = false;
    const shell = {
      // The proof of the next boot has tests of its own, on real hosts.
      facts: { ...debian12Facts, login: 'root', systemd: false },
      passwordAsked: false,
      label: 'root@fake',
      lost: undefined,
      probe: async (scripts: readonly string[]) => ({ frames: scripts.map((script) => this.run(script)) }),
      apply: async (scripts: readonly ApplyScript[], options: BatchOptions = {}): Promise<BatchResult> => {
        const frames: Frame[] = [];
        for (const [at, script] of scripts.entries()) {
          if (stopped) break;
          options.onStart?.(at);
          const frame = this.run(typeof script === 'string' ? script : script.inShell);
          frames.push(frame);
          options.onEnd?.(at, frame);
          if (frame.exitCode !== 0) break;
        }
        stopped = false;
        return { frames };
      },
      stop: () => {
        stopped = true;
      },
      close: async () => {},
    };
    return shell as unknown as RootShell;
  }

  private run(script: string): Frame {
    const kind = KINDS.find(([, pattern]) => pattern.test(script))?.[0];
    if (kind) {
      this.onScript(kind);
      if (kind !== 'alive') this.log.push(kind);
    }
    let status = this.failing.get(kind ?? '') ?? 0;
    if (kind === 'fire') this.stages.get(Number(/(\d) >"\$harden_run\/fire"/.exec(script)?.[1]))?.();
    const put = /^\(\nput (\S+) (\S*)$/m.exec(script);
    if (kind === 'step' && put) {
      const [, name = '', value = ''] = put;
      status = this.failing.get(`put ${name}`) ?? status;
      if (status === 0) {
        this.before.set(name, this.before.get(name) ?? this.values.get(name) ?? '');
        this.values.set(name, value);
        this.log.push(`put ${name}`);
      }
    }
    const get = /^get (\S+)$/.exec(script)?.[1];
    const out = get === undefined ? '' : (this.values.get(get) ?? '');
    return {
      exitCode: status,
      stdout: Buffer.from(out),
      stderr: Buffer.from(status === 0 ? '' : 'it broke'),
      milliseconds: 0,
    };
  }
}
