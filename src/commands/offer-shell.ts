import type { RunHost } from '../engine/run/run-host.ts';
import type { Prompt } from '../remote/prompt.ts';
import { sh } from '../remote/sh.ts';
import type { RootShell } from '../remote/shell.ts';

const HELP = `This is the session that harden still has there, as root: the last one, perhaps. Each line is a command of its own (sh, without a terminal);
"cd" is remembered. Leave it with "exit": harden then tries a login again.`;

/** Lets the person at the terminal work in a root shell, a line at a time, until they leave or it is gone; undefined where nobody sits there. */
export function offerShell(prompt: Prompt): RunHost['offerShell'] {
  const { line, tell } = prompt;
  if (!prompt.interactive || line === undefined || tell === undefined) return undefined;
  return async (shell, why) => {
    tell(`\n${why}\n\n${HELP}\n`);
    let directory = '/root';
    while (shell.lost === undefined) {
      const typed = await line(`root@${shell.label.replace(/^[^@]*@/, '')}:${directory}# `);
      if (typed === undefined || typed.trim() === 'exit') return;
      if (typed.trim() !== '') directory = await runLine(shell, typed, directory, tell);
    }
    tell('the session is gone\n');
  };
}

/** Runs one line and shows what it prints once it has ended; gives the directory in which it ended. */
async function runLine(
  shell: RootShell,
  typed: string,
  directory: string,
  tell: (text: string) => void,
): Promise<string> {
  const script = sh`cd ${directory} 2>/dev/null || cd /
trap 'pwd >&2' EXIT
eval ${typed}`;
  try {
    const { frames } = await shell.apply([script]);
    const frame = frames[0];
    if (!frame) return directory;
    const errors = frame.stderr.toString('utf8').replace(/\n$/, '').split('\n');
    const there = errors.pop() ?? directory;
    const said = frame.stdout.toString('utf8') + errors.map((text) => `${text}\n`).join('');
    tell(`${said}${frame.exitCode === 0 ? '' : `(exit status ${frame.exitCode})\n`}`);
    return there;
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n`);
    return directory;
  }
}
