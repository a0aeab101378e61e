import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunDocument } from '../../src/report/document.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

const unavailable = await labUnavailable();

/** Its audit cuts the connection that it runs in. */
const CUTS = 'pkill -9 -f "sshd: root@notty"\n';

const PLAYBOOK = `
tasks:
  - command: { cmd: "sleep {{seconds}}; touch /root/slept", creates: /root/slept }
  - copy: { dest: /root/end, content: "end\\n" }
audit:
  docker_bench: true
  effective: true
`;

describe.skipIf(unavailable)('several hosts', () => {
  let cut: LabHost;
  let slow: LabHost;
  let directory: string;

  beforeAll(async () => {
    [cut, slow] = await Promise.all([
      bootHost({ setup: 'printf "#!/bin/sh\\n" >/usr/local/bin/docker && chmod +x /usr/local/bin/docker' }),
      bootHost(),
    ]);
    const inventory = {
      hosts: {
        cut: { address: cut.address, port: cut.port, user: 'root', vars: { seconds: 0 } },
        slow: { address: slow.address, port: slow.port, user: 'root', vars: { seconds: 5 } },
      },
    };
    directory = await folder({
      'inventory.yml': JSON.stringify(inventory),
      'playbook.yml': PLAYBOOK,
    });
    for (const part of ['functions', 'tests']) await mkdir(join(directory, 'bench', part), { recursive: true });
    await writeFile(join(directory, 'bench/docker-bench-security.sh'), CUTS);
  });
  afterAll(() => Promise.all([cut?.stop(), slow?.stop()]));

  test('one that is lost while it is audited ends alone', async () => {
    const ways = [cut, slow].flatMap(({ knownHostsFile }) => ['--known-hosts', knownHostsFile]);
    const ran = await harden([
      'apply',
      join(directory, 'playbook.yml'),
      ...['-i', join(directory, 'inventory.yml'), '--identity', cut.keyFile, ...ways],
      ...['--yes', '--json', '--docker-bench', join(directory, 'bench')],
    ]);
    expect(ran.exitCode, ran.stderr).toBe(1);
    const document = JSON.parse(ran.stdout) as RunDocument;
    expect(document.error).toBeUndefined();
    expect(document.hosts).toMatchObject([
      { host: 'cut', status: 'failed', error: expect.stringContaining('closed the connection') },
      { host: 'slow', status: 'ok' },
    ]);
    expect((await slow.exec('cat /root/end')).stdout).toBe('end');
  });

  test('a saved plan finds them again by the inventory that it was made with', async () => {
    const [playbook, inventory, saved] = ['saved.yml', 'saved-inventory.yml', 'saved.plan'].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    await writeFile(playbook, 'tasks:\n  - copy: { dest: /root/saved, content: "{{word}}" }\n');
    const way = ({ address, port }: LabHost, word: string) => ({ address, port, user: 'root', vars: { word } });
    const hosts = { first: way(cut, 'one'), second: way(slow, 'two'), third: { address: '192.0.2.1' } };
    await writeFile(inventory, JSON.stringify({ hosts }));
    const keys = [cut, slow].flatMap(({ knownHostsFile }) => ['--known-hosts', knownHostsFile]);
    const reach = ['--identity', cut.keyFile, ...keys];
    const planned = await harden(['plan', playbook, '-i', inventory, '-l', '!third', '--out', saved, ...reach]);
    expect(planned.exitCode, planned.stderr).toBe(0);
    const applied = await harden(['apply', saved, '--yes', ...reach], { cwd: '/' });
    expect(applied.exitCode, applied.stderr).toBe(0);
    for (const [host, word] of [
      [cut, 'one'],
      [slow, 'two'],
    ] as const)
      expect((await host.exec('cat /root/saved')).stdout).toBe(word);
    const none = await harden(['apply', saved, '-l', 'third', '--yes', '--connect-timeout', '1', ...reach]);
    expect(none.exitCode, none.stderr).toBe(1);
    await writeFile(
      inventory,
      JSON.stringify({ hosts: { ...hosts, third: { ...hosts.first, vars: { word: 'three' } } } }),
    );
    const other = await harden(['apply', saved, '-l', 'third', '--yes', ...reach]);
    expect(other).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('does not speak of the host third') });
    const { first: _, ...rest } = hosts;
    await writeFile(inventory, JSON.stringify({ hosts: rest }));
    const gone = await harden(['apply', saved, '--yes', ...reach]);
    expect(gone).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('does not name any more') });
  });

  test('a saved plan of no host is not applied to none', async () => {
    const saved = join(directory, 'none.plan');
    const inventory = join(directory, 'none.yml');
    await writeFile(inventory, 'hosts: { gone: { address: 127.0.0.1, port: 1 } }\n');
    const planned = await harden(['plan', join(directory, 'playbook.yml'), '-i', inventory, '--out', saved]);
    expect(planned.exitCode).toBe(1);
    const applied = await harden(['apply', saved, '--yes']);
    expect(applied).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('no host could be planned') });
  });
});
