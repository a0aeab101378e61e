import { HostError, UserError } from '../../errors.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import {
  BOOT_CHECK_REMOVE,
  type BootBaseline,
  bootCheckScript,
  FORGET_BOOT_DISK,
  nextBootBaseline,
  proveNextBoot,
} from '../next-boot/index.ts';
import { CONSENTS } from '../task.ts';
import type { RunSession } from './run-host.ts';

/** The next boot's part in the proof of a run: how it was before the first change, whether it still lets in, and a check when it comes. */
export class BootProof {
  private readonly session: RunSession;
  private before: BootBaseline | undefined;
  private readonly told = new Set<string>();

  constructor(session: RunSession) {
    this.session = session;
  }

  /** Looks at it as it is now; MUST have ended before the first change. */
  async look(): Promise<void> {
    const { session } = this;
    // What the machine itself does at its boot shuts nobody out who sits at it.
    if (session.host.transport === 'local') return;
    this.before = await nextBootBaseline(session);
    if (this.before.way === 'none') await session.shell.probe([BOOT_CHECK_REMOVE]);
  }

  /** Why the next boot would keep this login out; undefined where it would not, as far as that can be told. */
  async keptOut(fresh: RootShell, way: WayIn): Promise<HostError | undefined> {
    if (this.before === undefined) return undefined;
    const { failures, remarks, needs } = await proveNextBoot(this.session, fresh, way, this.before);
    for (const remark of remarks) this.tell(remark);
    if (failures.length === 0) return undefined;
    return new HostError(
      failures.join('; '),
      needs === undefined ? {} : { hint: `--i-know ${needs} takes the risk: ${CONSENTS[needs]}` },
    );
  }

  /** Has the first boot within a day look whether the way in is there, once the run is proved. */
  async watch(shell: RootShell, runId: string, way: WayIn): Promise<void> {
    const script = this.before?.by.program === 'sshd' ? bootCheckScript(runId, this.session.facts, way) : undefined;
    try {
      const { frames } = await shell.probe([FORGET_BOOT_DISK, script ?? ':']);
      for (const note of (frames[1]?.stdout.toString('utf8') ?? '').matchAll(/^note: (.*)$/gm))
        this.tell(note[1] ?? '');
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  private tell(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.session.listen({ kind: 'note', host: this.session.host.name, message });
  }
}
