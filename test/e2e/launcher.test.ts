import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { testFile, testFolder } from '../support/remote.ts';

const CLI = join(import.meta.dirname, '../../dist/cli.js');

/** Runs the built harden in a home of its own. */
async function harden(home: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const { XDG_CACHE_HOME: _, ...env } = process.env;
  return promisify(execFile)(process.execPath, [CLI, ...args], { env: { ...env, HOME: home }, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );
}

const PLAYBOOK = 'tasks:\n  - name: A file\n    file: { path: /srv/a, state: directory }\n';

describe('compiled code that a run leaves for the next one', () => {
  it('is one file for a command, and changes nothing of what is said', async () => {
    const home = testFolder();
    const playbook = testFile(home, 'playbook.yml', PLAYBOOK);
    const code = join(home, '.cache', 'harden', 'code');
    const first = await harden(home, 'validate', playbook);
    expect(first).toMatchObject({ code: 0 });
    expect(readdirSync(code)).toEqual([`validate-${process.arch}`]);
    const kept = readFileSync(join(code, `validate-${process.arch}`));
    expect(await harden(home, 'validate', playbook)).toEqual(first);
    expect(readFileSync(join(code, `validate-${process.arch}`)).equals(kept)).toBe(true);
    writeFileSync(join(code, `validate-${process.arch}`), kept.subarray(0, 100_000));
    expect(await harden(home, 'validate', playbook)).toEqual(first);
    expect(readFileSync(join(code, `validate-${process.arch}`)).length).toBeGreaterThan(100_000);
  });

  it.each([
    ['a version', ['--version'], 0],
    ['a word that is no command', ['paln'], 64],
    ['a playbook with a mistake', ['validate', '/does/not/exist.yml'], 64],
  ])('is not left by %s', async (_what, args, code) => {
    const home = testFolder();
    expect(await harden(home, ...args)).toMatchObject({ code });
    expect(existsSync(join(home, '.cache'))).toBe(false);
  });

  it('is not needed: no home, and the bundle by itself', async () => {
    const playbook = testFile(testFolder(), 'playbook.yml', PLAYBOOK);
    const said = await harden('/nonexistent', 'validate', playbook);
    expect(said).toMatchObject({ code: 0 });
    expect(existsSync('/nonexistent')).toBe(false);
    const bare = await promisify(execFile)(process.execPath, [join(CLI, '../harden.cjs'), 'validate', playbook]);
    expect(bare.stdout + bare.stderr).toBe(said.said);
  });
});
