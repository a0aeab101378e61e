import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labUnavailable } from '../test/lab/lab.ts';
import { ensurePackages } from '../test/lab/packages.ts';
import { readTestCounts } from './test-counts.ts';

/** What must hold of a commit, in order of how soon each tells; all run, whatever the others say. */
const GATES: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['lint and format', 'biome', 'check', '.'],
  ['unused code', 'knip'],
  ['house', 'tsx', 'scripts/house.ts'],
  ['generated files', 'tsx', 'scripts/generate.ts', '--check'],
  ['shell scripts', 'shellcheck', ...shellScripts()],
  ['build', 'rolldown', '-c', 'rolldown.config.ts'],
];

const left = await labUnavailable();
if (left === undefined) await ensurePackages();
else process.stdout.write(`The tests on real hosts will be left out. ${left}\n`);

const failed: string[] = [];
for (const [name, command, ...args] of GATES) if (run(name, command, args) !== 0) failed.push(name);

const directory = mkdtempSync(join(tmpdir(), 'harden-check-'));
const results = join(directory, 'vitest.json');
const testStatus = run('tests', 'vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}`,
  ...process.argv.slice(2),
]);
const counts = readTestCounts(results);
rmSync(directory, { recursive: true });
if (testStatus !== 0 || counts.passed === 0) failed.push('tests');

process.stdout.write(failed.length === 0 ? '\nAll checks passed.\n' : `\nFailed: ${failed.join(', ')}\n`);
process.stdout.write(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = testStatus || (failed.length > 0 ? 1 : 0);

function run(name: string, command: string, args: readonly string[]): number {
  const started = performance.now();
  process.stdout.write(`\n== ${name}\n`);
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) process.stdout.write(`${error.message}\n`);
  process.stdout.write(
    `== ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`,
  );
  return status ?? 1;
}

function shellScripts(): string[] {
  return execFileSync('git', ['ls-files', '--', '*.sh', '.ci/run'], { encoding: 'utf8' }).split('\n').filter(Boolean);
}
