import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diff } from '../../../src/engine/diff.ts';
import { HOST_FILES } from '../../../src/engine/host-files/index.ts';
import type { AnyTaskType } from '../../../src/engine/task.ts';
import { debian12Facts } from '../../support/facts.ts';

/** What an editing task makes of a text: the candidate that it shows to its validator. Needs no host and no root. Throws what `read` throws. */
export function editLocally(type: AnyTaskType, params: object, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'harden-edit-'));
  try {
    const path = join(directory, 'edited');
    writeFileSync(path, text);
    const parsed = type.params.parse({ ...params, path, validate: 'test -r %s' });
    const before = type.read(runScript(type.probe(parsed, debian12Facts)), parsed);
    const change = diff(before, type.want(parsed, debian12Facts, before));
    if (!change) return text;
    runScript(`set -eu\nharden_tmp='${directory}'\n${type.validate?.(change, parsed, debian12Facts) ?? ''}`);
    return readFileSync(join(directory, 'candidate'), 'utf8');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs a script as hosts do and returns what it printed; throws when it fails. */
function runScript(script: string, cwd?: string): string {
  const { status, stdout, stderr } = spawnSync('sh', {
    input: `${HOST_FILES}${script}`,
    encoding: 'utf8',
    cwd,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status !== 0) throw new Error(`exit status ${status}: ${stderr}`);
  return stdout;
}
