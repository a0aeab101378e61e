import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorWay } from '../../../src/audit/audit.ts';
import { ended, inspecWork } from '../../../src/audit/inspec/run.ts';

const REPORT = join(import.meta.dirname, 'reports', 'debian12.json');

describe('each exit status of InSpec is told apart', () => {
  const report = JSON.stringify({
    version: '5',
    profiles: [{ name: 'p', controls: [{ id: 'a', results: [{ status: 'passed', code_desc: '' }] }] }],
  });
  const unloaded = JSON.stringify({
    version: '5',
    profiles: [{ name: 'p', status: 'failed', status_message: "No such file 'inspec.yml'", controls: [] }],
  });
  const nothing = JSON.stringify({ version: '5', profiles: [{ name: 'p', controls: [] }] });
  test.each([
    ['all passed', 0, report, '', { status: 'done', checks: 1 }],
    ['some failed', 100, report, '', { status: 'done', checks: 1 }],
    ['skipped only', 101, report, '', { status: 'done', notes: [expect.anything(), expect.stringMatching(/skipped/)] }],
    ['nothing matched', 0, nothing, '', { status: 'not-run', reason: expect.stringMatching(/no control/) }],
    [
      'the profile cannot be loaded',
      102,
      unloaded,
      '',
      { status: 'not-run', reason: expect.stringMatching(/inspec\.yml/) },
    ],
    [
      'no connection',
      1,
      '',
      'ERROR: Client error, cannot connect',
      { status: 'not-run', reason: expect.stringMatching(/cannot connect/) },
    ],
    [
      'the licence',
      172,
      '',
      'Chef InSpec cannot execute without accepting the license',
      { status: 'not-run', reason: expect.stringMatching(/licence.*cinc-auditor/) },
    ],
    ['no licence key', 174, '', '', { status: 'not-run', reason: expect.stringMatching(/licence key/) }],
    [
      'a report that broke',
      100,
      '{"version": "5", "prof',
      'invalid byte sequence in UTF-8',
      { status: 'not-run', reason: expect.stringMatching(/no report/) },
    ],
    ['it hangs', undefined, '', '', { status: 'not-run', reason: expect.stringMatching(/15 minutes/) }],
  ])('%s', (_name, exitCode, written, said, expected) => {
    expect(ended('inspec', exitCode, written, said)).toMatchObject(expected);
  });
});

describe('a run', () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  /** A program of that name that writes the real report where it is told to, and keeps what it was given. */
  async function standIn(name: string): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'harden-standin-'));
    await writeFile(
      join(directory, name),
      `#!/bin/sh
printf '%s\\n' "$@" >'${directory}/arguments'
cat >'${directory}/stdin'
for arg; do case $arg in json:*) cat '${REPORT}' >"\${arg#json:}" ;; esac; done
exit 100
`,
    );
    await chmod(join(directory, name), 0o755);
    process.env.PATH = `${directory}:/usr/bin:/bin`;
    return directory;
  }

  const there: OperatorWay = {
    host: '192.0.2.1',
    port: 2222,
    user: 'admin',
    identityFiles: ['/home/me/.ssh/id'],
    sudo: true,
    sudoPassword: 'planted-secret',
  };

  test.each(['inspec', 'cinc-auditor'])(
    'with %s: same host, port, user and key; the password in no argument',
    async (name) => {
      const directory = await standIn(name);
      const result = await inspecWork.run(there, { profile: 'PROFILE' });
      expect(result).toMatchObject({ status: 'done', checks: 106 });
      const args = await readFile(join(directory, 'arguments'), 'utf8');
      expect(args).toMatch(/^exec\nPROFILE\n--target\nssh:\/\/harden\n--config\n-\n--reporter\njson:/);
      expect(args).not.toContain('planted-secret');
      expect(JSON.parse(await readFile(join(directory, 'stdin'), 'utf8')).credentials.ssh.harden).toEqual({
        host: '192.0.2.1',
        port: 2222,
        user: 'admin',
        key_files: ['/home/me/.ssh/id'],
        sudo: true,
        sudo_password: 'planted-secret',
      });
    },
  );

  test('without either program it has not run', async () => {
    process.env.PATH = '/nonexistent';
    expect(await inspecWork.run('local', { profile: 'PROFILE' })).toMatchObject({
      status: 'not-run',
      reason: expect.stringMatching(/neither inspec nor cinc-auditor/),
    });
  });
});
