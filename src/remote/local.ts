import { hostname, userInfo } from 'node:os';
import { HostError } from '../errors.ts';
import type { Channel, Connection } from './connection.ts';

/** This machine, through `sh`: the same conversation as over SSH, without the network. */
export async function connectLocal(): Promise<Connection> {
  const { execa } = await import('execa');
  const running = new Set<{ kill(): boolean }>();
  const user = userInfo().username;
  return {
    label: `${user}@${hostname()} (local)`,
    user,
    async open(command): Promise<Channel> {
      const child = execa('sh', ['-c', command], {
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'pipe',
        buffer: false,
        reject: false,
        encoding: 'buffer',
        // The run decides what Ctrl-C means; the terminal must not tell the shell by itself.
        detached: true,
        cleanup: false,
      });
      if (!child.stdin || !child.stdout || !child.stderr)
        throw new HostError('sh could not be started on this machine');
      running.add(child);
      const exit = child.then((result) => {
        running.delete(child);
        return { code: result.exitCode ?? null, signal: result.signal };
      });
      return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit };
    },
    async close() {
      for (const child of running) child.kill();
    },
  };
}
