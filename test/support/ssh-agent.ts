import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Starts OpenSSH's agent with these key files in it; it ends with the test. Returns its socket. */
export async function startAgent(folder: string, keyFiles: readonly string[]): Promise<string> {
  const socket = join(folder, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  onTestFinished(() => void agent.kill());
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  for (let attempt = 0; spawnSync('ssh-add', ['-l'], { env }).status === 2; attempt++) {
    if (attempt > 100) throw new Error('ssh-agent did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const file of keyFiles) {
    const added = spawnSync('ssh-add', ['-q', file], { env, encoding: 'utf8' });
    if (added.status !== 0) throw new Error(`ssh-add ${file}: ${added.stderr}`);
  }
  return socket;
}
