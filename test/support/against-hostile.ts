import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type HOSTILE_MODES, hostileHost } from './hostile-host.ts';
import { keyPair } from './ssh-server.ts';

const PLAYBOOK = `tasks:
  - file: { path: /etc/foo, state: directory }
  - copy: { dest: /etc/foo/bar, content: hello }
audit: { effective: {} }
`;

const ARGUMENTS = {
  plan: ['plan', 'p.yml'],
  json: ['plan', 'p.yml', '--json'],
  apply: ['apply', 'p.yml', '-y'],
  audit: ['audit', 'p.yml', '--report', 'r.html', '--junit', 'r.xml', '--sarif', 'r.sarif'],
  history: ['history'],
  show: ['show', '2026'],
  rollback: ['rollback', '-y'],
} as const;
export type HostileCommand = keyof typeof ARGUMENTS;
export const HOSTILE_COMMANDS = Object.keys(ARGUMENTS) as HostileCommand[];

const MOST_MEMORY = 200 * 1024;

/** Runs one command against one hostile host, and looks at how it ends: in sentences of its own, in bounded memory and time. */
export async function endsWell(
  mode: (typeof HOSTILE_MODES)[string],
  command: HostileCommand,
  connection: 'ssh' | 'openssh' = 'ssh',
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  const host = await hostileHost(mode);
  try {
    const files = { 'p.yml': PLAYBOOK, id: keyPair().private };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
    const way = [
      '-H',
      `root@127.0.0.1:${host.port}`,
      '--identity',
      'id',
      '--known-hosts',
      'kh',
      '--accept-new',
      '--ssh-config',
      'none',
    ];
    const cli = join(import.meta.dirname, '../../dist/cli.js');
    const child = spawn(process.execPath, [cli, ...ARGUMENTS[command], ...way, '--connection', connection], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let memory = 0;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const watch = setInterval(() => {
      memory = Math.max(memory, peak(child.pid));
    }, 20);
    const late = setTimeout(() => child.kill('SIGKILL'), 45_000);
    const code = await new Promise((resolve) => child.once('close', resolve));
    clearInterval(watch);
    clearTimeout(late);
    const names = ['r.html', 'r.xml', 'r.sarif'].filter(() => command === 'audit');
    const reports = names.map((name) => readIfThere(join(folder, name))).join('');
    expect([0, 1], said).toContain(code);
    // No control character, no override, and no line but harden's own.
    expect(said.replaceAll(/[\n\t]/g, ' ')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(reports.replaceAll(/[\n\t]/g, ' ')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(said).not.toMatch(/^\s{0,3}web2:/m);
    expect(said).not.toMatch(/bug in harden|^\s+at /m);
    expect(said.length).toBeLessThan(100_000);
    if (code === 1 && command !== 'json') expect(said.trim()).toMatch(/[.:)] ?\S*$|\d host|\d failed|unreachable/);
    expect(memory).toBeLessThan(MOST_MEMORY);
  } finally {
    host.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function peak(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
