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
