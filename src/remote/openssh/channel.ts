import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from '../../errors.ts';
import type { Channel, ChannelExit } from '../connection.ts';
import { delivered } from '../delivered.ts';
import type { Master } from './master.ts';

/** Where a channel goes through; `log` is a file of its own for what ssh says, so that stderr is the command's alone. */
export interface ChannelPlace {
  readonly master: Master;
  readonly label: string;
  readonly controlPath: string;
  readonly log: string;
}

const lostGraceMs = 500;
const pollMs = 5;

/** Starts a command through the master's connection; rejects with a HostError where the server refuses. */
export async function openMasterChannel(
  { master, label, controlPath, log }: ChannelPlace,
  command: string,
): Promise<Channel> {
  const lost = master.lost();
  if (lost) throw lost;
  const { execa } = await import('execa');
  // Without the master, ssh would dial by itself: the proxy command makes that impossible.
  const settings = ['ProxyCommand=false', 'BatchMode=yes', 'LogLevel=DEBUG1', 'EscapeChar=none', 'RequestTTY=no'];
  const through = ['-F', 'none', '-S', controlPath.replaceAll('%', '%%'), '-E', log];
  const args = [...through, ...settings.flatMap((setting) => ['-o', setting]), '--', 'host', command];
  const child = execa('ssh', args, {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  // Node throws away what nobody reads by the time that a process ends, and this one may end before it is handed out.
  const stdout = child.stdout.pipe(new PassThrough());
  const stderr = child.stderr.pipe(new PassThrough());
  let running = true;
  let handOut = (): void => undefined;
  const handedOut = new Promise<void>((resolve) => {
    handOut = resolve;
  });
  const exit = new Promise<ChannelExit>((resolve) => {
    child.once('close', async (code, signal) => {
      running = false;
      // 255 is also what ssh says when the connection is gone; the master ends in the same moment.
      if (code === 255) await Promise.race([master.ended, delay(lostGraceMs)]);
      await handedOut;
      await delivered([stdout, stderr]);
      if (code === 255 && master.hasEnded()) resolve({ code: null });
      else resolve(signal ? { code: null, signal } : { code });
    });
  });
  for (;;) {
    // Whether it still runs is asked first: a short command opens and ends between two looks.
    const wasRunning = running;
    const text = await said(log);
    if (text.includes('master session id')) break;
    if (!wasRunning) {
      await Promise.race([master.ended, delay(lostGraceMs)]);
      throw master.lost() ?? refused(label, text);
    }
    await delay(pollMs);
  }
  handOut();
  return { stdin: child.stdin, stdout, stderr, exit };
}

/** The beginning of what ssh says: the server writes part of it, as much as it likes. */
async function said(log: string): Promise<string> {
  try {
    const file = await open(log);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024));
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

function refused(label: string, log: string): HostError {
  const reason = /session request failed: (.*)/.exec(log)?.[1]?.trim();
  return new HostError(`${label}: the server refuses a session${reason ? ` (${reason})` : ''}`, {
    hint: 'Its MaxSessions may be 0, or a limit of processes may be reached',
  });
}
