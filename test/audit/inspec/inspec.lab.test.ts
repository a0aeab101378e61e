import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { folder, hardenJson } from '../../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../../lab/lab.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

const unavailable = await labUnavailable();

/**
 * InSpec itself is licensed and cannot be brought along. This one takes the same arguments, logs in to the host with what it is given and
 * nothing else, asks it a question as root, and reports as InSpec does.
 */
const LIKE_INSPEC = `#!/usr/bin/env node
const { execFileSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const { credentials } = JSON.parse(readFileSync(0, 'utf8'));
const { host, port, user, key_files: keys, sudo } = credentials.ssh.harden;
const ssh = ['-p', port, ...keys.flatMap((key) => ['-i', key]), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no',
  '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', user + '@' + host];
const said = execFileSync('ssh', [...ssh, (sudo ? 'sudo -n ' : '') + 'stat -c %a /etc/docker/daemon.json'], { encoding: 'utf8' }).trim();
const result = { status: said === '644' ? 'passed' : 'failed', code_desc: 'File /etc/docker/daemon.json mode ' + said, run_time: 1 };
const control = { id: 'docker-3.18', title: 'daemon.json has the mode 0644', desc: '', impact: 1, tags: {}, code: '', source_location: {}, results: [result] };
const report = process.argv[process.argv.indexOf('--reporter') + 1].slice('json:'.length);
writeFileSync(report, JSON.stringify({ platform: { name: 'debian', release: '12' }, profiles: [{ name: 'docker', version: '1', controls: [control] }], statistics: { duration: 1 }, version: '7' }));
process.exit(result.status === 'passed' ? 0 : 100);
`;

describe.skipIf(unavailable)('InSpec against a real host', () => {
  let host: LabHost;
  let programs: string;
  const audit = async () => {
    const { document, stderr } = await hardenJson('audit', [join(programs, 'playbook.yml')], host, {
      user: 'admin0',
      env: { PATH: `${programs}:${process.env.PATH}` },
    });
    const done = document.hosts[0]?.audits?.[0];
    if (done?.status !== 'done') throw new Error(stderr + JSON.stringify(document));
    return done;
  };

  beforeAll(async () => {
    programs = await folder({ inspec: LIKE_INSPEC, 'playbook.yml': 'audit: { inspec: { profile: docker } }\n' });
    await chmod(join(programs, 'inspec'), 0o755);
    host = await bootHost({
      setup: 'mkdir -m 0700 /etc/docker && echo {} >/etc/docker/daemon.json && chmod 0666 /etc/docker/daemon.json',
    });
  });
  afterAll(() => host?.stop());

  test('is let in where harden itself is, as root by sudo; a control that fails is a finding, and none once it is mended', async () => {
    const before = await audit();
    expect(before).toMatchObject({ tool: 'inspec', checks: 1 });
    expect(before.results).toEqual([expect.objectContaining({ id: 'docker-3.18', result: 'WARN' })]);
    await host.exec('chmod 0644 /etc/docker/daemon.json');
    const after = await audit();
    expect(after.results).toEqual([expect.objectContaining({ id: 'docker-3.18', result: 'PASS' })]);
    expect(after.previous?.warnings).toEqual(['docker-3.18']);
  });
});
