import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needsProbe } from '../../src/engine/needs.ts';
import type { Need } from '../../src/engine/task.ts';
import { bootHost, type LabHost, labUnavailable, said } from '../lab/lab.ts';

const unavailable = await labUnavailable();

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)('needs on a host with %s', (suite) => {
  let host: LabHost;
  const held = async (needs: readonly Need[]) => {
    const { stdout, stderr } = await host.exec('sh', { input: needsProbe(needs) });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean);
  };

  beforeAll(async () => {
    host = await bootHost({ suite });
    await said(host, "printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/probe@.service");
    await said(host, 'systemctl mask -q probe-masked.service && systemctl daemon-reload');
  }, 300_000);
  afterAll(() => host?.stop());

  test.each<[string, Need[], Need[]]>([
    ['users', ['user:root', 'user:daemon', 'user:0'], ['user:nobody-at-all']],
    ['groups', ['group:root', 'group:adm', 'group:sudo'], ['group:nobody-at-all']],
    ['units', ['unit:ssh.service', 'unit:probe@a-b.service', 'unit:dbus.socket'], ['unit:no-such.service']],
    ['masked units', ['unit:ssh.service', 'unit:probe-masked.service'], []],
    ['paths', ['path:/etc', 'path:/etc/hostname'], ["path:/etc/it's $(touch /ran)"]],
    ['packages', ['package:dash', 'package:sudo'], ['package:no-such']],
  ])('%s: those that hold, whether all do or not', async (_, there, missing) => {
    expect(new Set(await held(there))).toEqual(new Set(there));
    expect(new Set(await held([...missing, ...there]))).toEqual(new Set(there));
    for (const need of missing) expect(await held([need])).toEqual([]);
    expect(await held([...missing, ...missing])).toEqual([]);
  });

  test('directories: which are there, and what is missing of those that root alone could make', async () => {
    await said(host, 'mkdir -m 0777 /srv/open; useradd -m bob; ln -s /nowhere /srv/link');
    const needs = [
      '/etc/ssh',
      '/etc/a/b',
      '/srv/open/a',
      '/home/bob/a',
      '/home/eve',
      '/ect/a',
      '/proc/a',
      '/srv/link/a',
    ];
    expect(await held(needs.map((path): Need => `directory:${path}`))).toEqual([
      'directory:/etc/ssh',
      'makeable:/etc/a/b /etc/a /etc/a/b',
    ]);
  });
});
