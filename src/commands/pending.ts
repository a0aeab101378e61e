import { dropScript, LEFT_PROBE, type LeftHandler, readLeft } from '../engine/journal/read-pending.ts';
import { type ExitCode, HostError, UserError } from '../errors.ts';
import { inTurn } from '../remote/prompt.ts';
import type { RootShell } from '../remote/shell.ts';
import type { Io } from '../report/io.ts';
import { paintWith } from '../report/paint.ts';
import { pendingText } from '../report/pending-text.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { consent, type JournalOptions, onEachHost } from './journal.ts';
import { newRunIdentity } from './run-identity.ts';

export interface PendingOptions extends JournalOptions {
  /** Names of handlers. */
  readonly drop?: readonly string[];
  readonly yes?: boolean;
}

/** `harden pending`: the handlers that the next apply of whatever playbook runs, and whose they are; forgets those that are named. */
export function pending(options: PendingOptions, io: Io): Promise<ExitCode> {
  const paint = paintWith(io.colour);
  if (options.yes && !options.drop)
    throw new UserError('--yes answers the question of --drop, and no handler is named', { hint: 'Add --drop NAME' });
  return onEachHost(options, io, async (shell, host) => {
    const left = await leftOn(shell);
    if (!options.drop) return { json: { host: host.name, pending: left }, text: pendingText(host.name, left, paint) };
    const chosen = options.drop.map((name) => named(left, name));
    if (!options.yes)
      await inTurn(async () => {
        (options.json ? io.err : io.out)(pendingText(host.name, chosen, paint));
        await consent('pending --drop', `Forget this on ${host.name}? Nothing is run.`, 'nothing was dropped', io);
      });
    const { by, at } = newRunIdentity('', io);
    const { frames } = await shell.apply(chosen.map((each) => dropScript(each, by, at)));
    const failed = frames.find(({ exitCode }) => exitCode !== 0);
    if (failed) throw new HostError(failed.stderr.toString('utf8').trim().replaceAll('\n', '; '));
    const names = chosen.map(({ name, file }) => name ?? file);
    return {
      json: { host: host.name, dropped: names },
      text: `${host.name}: dropped ${names.map((name) => `"${name}"`).join(', ')}; it was not run\n`,
    };
  });
}

async function leftOn(shell: RootShell): Promise<readonly LeftHandler[]> {
  const { frames } = await shell.probe([LEFT_PROBE]);
  return readLeft(frames[0]?.stdout.toString('utf8') ?? '');
}

function named(left: readonly LeftHandler[], name: string): LeftHandler {
  const found = left.find((each) => each.name === name || each.file === name);
  if (found) return found;
  const names = left.map((each) => each.name ?? each.file);
  const there = names.length > 0 ? `There are ${names.map((each) => `"${each}"`).join(', ')}` : 'There are none';
  throw new HostError(`no handler "${name}" is pending on this host`, { hint: didYouMean(name, names) ?? there });
}
