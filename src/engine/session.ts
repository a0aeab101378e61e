import type { Facts } from '../remote/facts.ts';
import type { Frame, RootShell } from '../remote/shell.ts';
import { Masker } from '../text/masker.ts';
import { accessRefusals, effectsOf } from './access.ts';
import { type Answers, probeBatch } from './answers.ts';
import { bearsOn } from './bears-on.ts';
import type { HostStatus, Listener, StepError } from './events.ts';
import { foresights, withForesight } from './foresee.ts';
import { HOST_FILES } from './host-files/index.ts';
import { makeable } from './needs.ts';
import type { HostPlan, PlannedTask } from './plan.ts';
import { consented, planHandlers, planTasks, type RunOutlook, refusals, unknownTask } from './plan-tasks.ts';
import type { ResolvedPlaybook, ResolvedTask } from './resolved-task.ts';
import type { RunHost, RunSession } from './run/run-host.ts';
import { validateScript } from './step-script.ts';
import { whyUnsupported } from './supported.ts';
import type { Need } from './task.ts';

/** A host that gets a playbook. */
export interface PlaybookHost extends RunHost {
  /** The playbook for this host. */
  resolve(facts: Facts): ResolvedPlaybook;
}

/** One host's run: one root shell, from the first probe to the proof. */
export class HostSession implements RunSession {
  readonly host: PlaybookHost;
  readonly facts: Facts;
  readonly playbook: ResolvedPlaybook;
  readonly masker: Masker;
  readonly listen: Listener;
  private current: RootShell;

  private constructor(host: PlaybookHost, shell: RootShell, playbook: ResolvedPlaybook, listen: Listener) {
    this.host = host;
    this.current = shell;
    this.facts = shell.facts;
    const masker = new Masker(playbook.secrets);
    // A task without a name of its own is called by what it does, and that may hold a secret.
    const tasks = playbook.tasks.map((task) => ({ ...task, name: masker.text(task.name), id: masker.text(task.id) }));
    this.playbook = { ...playbook, tasks };
    this.masker = masker;
    this.listen = listen;
  }

  static async open(host: PlaybookHost, listen: Listener): Promise<HostSession> {
    listen({ kind: 'connecting', host: host.name });
    const shell = await host.connect();
    try {
      const playbook = host.resolve(shell.facts);
      listen({ kind: 'connected', host: host.name, facts: shell.facts });
      return new HostSession(host, shell, playbook, listen);
    } catch (error) {
      await shell.close();
      throw error;
    }
  }

  /** Reads the host in one round trip, and validates what would be written in one more where something would be. Changes nothing. */
  async plan(): Promise<HostPlan> {
    const unsupported = whyUnsupported(this.facts);
    if (unsupported) throw unsupported;
    const { tasks } = this.playbook;
    const answers = await this.read(tasks);
    const planned = withRefusals(
      await this.validated(planTasks(tasks, answers, this.facts, this.outlook), answers),
      this.facts,
    );
    const plan: HostPlan = {
      host: this.host.name,
      facts: this.facts,
      tasks: planned,
      handlers: planHandlers(this.playbook, planned, answers.pending),
      armed: answers.armed,
      lastRun: answers.lastRun,
      audited: this.playbook.audit !== undefined,
      masker: this.masker,
    };
    if (answers.lastRun !== undefined)
      this.listen({ kind: 'note', host: this.host.name, message: this.masker.text(answers.lastRun) });
    this.listen({ kind: 'planned', host: this.host.name, plan });
    return plan;
  }

  /** The root shell: another one after a reboot. */
  get shell(): RootShell {
    return this.current;
  }

  /** Goes on in the shell that was opened once the host had booted anew. */
  goOnIn(shell: RootShell): void {
    this.current = shell;
  }

  /** What the run and the whole playbook say to each task. */
  get outlook(): RunOutlook {
    return {
      transport: this.host.transport,
      passwordAsked: this.shell.passwordAsked,
      effects: effectsOf(this.playbook.tasks),
      tasksOf: (type) =>
        this.playbook.tasks
          .filter((task) => task.skipped === undefined && task.type.type === type)
          .map(({ params }) => params),
    };
  }

  /** The host key's fingerprint, where the transport has one. */
  get hostKey(): string | undefined {
    return this.shell.hostKey;
  }

  close(): Promise<void> {
    return this.shell.close();
  }

  /** Runs one script that only reads, in the same shell. */
  async probe(script: string): Promise<Frame> {
    const { frames } = await this.shell.probe([script]);
    return frames[0]!;
  }

  /** Everything that the tasks read, in one round trip; through another shell where the session's own is gone. `guarded`: the guard hears of the run meanwhile. */
  async read(tasks: readonly ResolvedTask[], shell: RootShell = this.shell, guarded = false): Promise<Answers> {
    const batch = probeBatch(tasks, this.facts);
    this.listen({ kind: 'probing', host: this.host.name, probes: batch.scripts.length });
    const ahead = guarded ? `${ALIVE_WHILE_READING}\n${batch.ahead}` : batch.ahead;
    const { frames } = await shell.probe(guarded ? [...batch.scripts, READ] : batch.scripts, { ahead });
    return batch.answers(frames);
  }

  /** A validator that says no is a refusal at its task: apply would fail there. `ahead`: all that is still to be done, in order. */
  async validated(
    planned: readonly PlannedTask[],
    answers: Answers,
    ahead: readonly PlannedTask[] = planned,
  ): Promise<readonly PlannedTask[]> {
    return consented(await this.checked(planned, answers, ahead), this.host.consents ?? []);
  }

  private async checked(
    planned: readonly PlannedTask[],
    answers: Answers,
    ahead: readonly PlannedTask[],
  ): Promise<readonly PlannedTask[]> {
    const isReady = ({ task }: PlannedTask): boolean =>
      task.skipped === undefined &&
      (task.type.needs?.(task.params, this.facts) ?? []).every(
        (need: Need) => answers.held.has(need) || makeable(need, answers.held) !== undefined,
      );
    const asked = foresights(planned, isReady);
    const checks = planned.flatMap((entry) => {
      const script = isReady(entry) ? validateScript(entry, this.facts) : undefined;
      return script === undefined ? [] : [{ index: entry.task.index, script }];
    });
    if (checks.length + asked.length === 0) return planned;
    const { frames } = await this.shell.probe(
      [...checks, ...asked].map(({ script }) => script),
      { ahead: HOST_FILES },
    );
    const outputs = frames.slice(checks.length).map(({ stdout }) => stdout.toString('utf8'));
    const failures = new Map(
      checks.flatMap(({ index }, at) =>
        frames[at]?.exitCode === 0 ? [] : [[index, this.stepError(frames[at])] as const],
      ),
    );
    return withForesight(planned, asked, outputs, this.facts, ahead).map((entry) => {
      const failure = failures.get(entry.task.index);
      if (!failure) return entry;
      const said = failure.output?.trim() || failure.message;
      const first = ahead.find((earlier) => earlier.task.index < entry.task.index && bearsOn(earlier, entry, said));
      if (first)
        return unknownTask(entry.task, this.facts, `it holds only with what "${first.task.name}" makes of the host`);
      const message = `what would be written is not valid: ${said}`;
      return { ...entry, findings: [...entry.findings, { level: 'refuse' as const, message }] };
    });
  }

  /** What a failed script said, secrets masked. */
  stepError(frame: Frame | undefined): StepError {
    const text = (buffer: Buffer | undefined) => this.masker.text(buffer?.toString('utf8').trim() ?? '');
    const output = text(frame?.stderr) || text(frame?.stdout).split('\n').slice(-5).join('\n');
    return {
      message: `exit status ${frame?.exitCode ?? '?'}`,
      exitCode: frame?.exitCode,
      output: output.slice(-4000) || undefined,
    };
  }
}

/** While a batch reads, its shell hears nothing from here: for as long, and at most for six minutes, it says itself that the run is alive. */
const ALIVE_WHILE_READING = `harden_alive
(exec 9>&- 7<&- </dev/null >/dev/null 2>&1
for harden_turn in 1 2 3 4 5 6; do for harden_turn in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5; [ -d "/proc/$$" ] || exit; harden_alive; done; done) &
harden_reading=$!`;
const READ = 'kill "$harden_reading"';

/** The status that a host's plan amounts to. */
export function planStatus(plan: HostPlan): HostStatus {
  if (refusals(plan).length > 0) return 'failed';
  return plan.handlers.length === 0 &&
    plan.armed.length === 0 &&
    plan.tasks.every(({ action }) => action === 'none' || action === 'skip')
    ? 'ok'
    : 'changes';
}

function withRefusals(tasks: readonly PlannedTask[], facts: Facts): readonly PlannedTask[] {
  const found = accessRefusals(tasks, facts);
  return tasks.map((entry) => {
    const finding = found.get(entry.task.index);
    return finding ? { ...entry, findings: [...entry.findings, finding] } : entry;
  });
}
