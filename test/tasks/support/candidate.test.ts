import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HOST_FILES } from '../../../src/engine/host-files/index.ts';
import { validateCandidate } from '../../../src/tasks/support/candidate.ts';

test.each([
  ['grep -q x %s', 'x', 0],
  ["sh -c 'grep -q x %s'", 'x', 0],
  ["sh -c 'grep -q x %s'", 'y', 1],
  ['sh -c "grep -q x %s && test -s %s"', 'x', 0],
  ['grep -q x "%s"', 'x', 0],
  ['test "$(cat %s)" = x', 'x', 0],
  ['cat %s | grep -q x # %s', 'y', 1],
] as const)('the check %s of %s ends with %i', (validate, content, status) => {
  const folder = mkdtempSync(join(tmpdir(), 'harden-check-'));
  const script = validateCandidate({ path: join(folder, 'file'), produce: `printf ${content}`, validate });
  const ran = spawnSync('sh', ['-eu'], { input: `${HOST_FILES}harden_tmp=${folder}\n${script}`, encoding: 'utf8' });
  expect(ran).toMatchObject({
    status,
    stderr: status === 0 ? '' : expect.stringContaining(`"${validate}" does not pass`),
  });
});
