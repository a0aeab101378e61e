import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UNDO_DRIVER } from '../../src/engine/journal/undo-driver.ts';
import { testFolder } from '../support/remote.ts';

function undo(script: string): { readonly status: number | null; readonly stdout: string } {
  const run = testFolder();
  mkdirSync(join(run, '0000', 'kept'), { recursive: true });
  for (const [name, text] of Object.entries({ state: 'done   \n', name: 'a step\n', undo: script }))
    writeFileSync(join(run, '0000', name), text);
  writeFileSync(join(run, 'undo.sh'), UNDO_DRIVER);
  return spawnSync('sh', [join(run, 'undo.sh'), '0000'], { encoding: 'utf8' });
}

test('an undo stops at what fails, and is not called done', () => {
  const { status, stdout } = undo('false\necho went on\n');
  expect(stdout).toBe('not undone: a step\n');
  expect(status).not.toBe(0);
});

test.skipIf(execFileSync('id', ['-u'], { encoding: 'utf8' }).trim() !== '0')('an undo has a private directory', () => {
  const { status, stdout } = undo('stat -c %a "$harden_tmp"\n: >"$harden_tmp/scratch"\n');
  expect(stdout).toBe('700\nundone: a step\n');
  expect(status).toBe(0);
});

test('what brings steps into force runs once, when the last of them is undone', () => {
  const run = testFolder();
  for (const step of ['0000', '0001', '0002']) {
    mkdirSync(join(run, step, 'kept'), { recursive: true });
    mkdirSync(join(run, step, 'after'));
    writeFileSync(join(run, step, 'state'), 'done   \n');
    writeFileSync(join(run, step, 'name'), step);
    writeFileSync(join(run, step, 'after', 'restart'), 'echo restarted\n');
  }
  writeFileSync(join(run, 'undo.sh'), UNDO_DRIVER);
  const call = (...args: string[]) => spawnSync('sh', [join(run, 'undo.sh'), ...args], { encoding: 'utf8' }).stdout;
  expect(call('later', '0002')).toBe('undone: 0002\n');
  expect(call('later', '0001')).toBe('undone: 0001\n');
  expect(call('0000')).toBe('undone: 0000\nrestarted\n');
  expect(call()).toBe('');
});
