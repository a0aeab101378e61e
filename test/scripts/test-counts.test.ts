import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTestCounts } from '../../scripts/test-counts.ts';

const counted = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 3, numTodoTests: 1 };

function report(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'harden-counts-')), 'vitest.json');
  writeFileSync(file, text);
  return file;
}

test('counts what vitest counted', () => {
  const file = report(JSON.stringify({ ...counted, testResults: [{ status: 'failed', assertionResults: [{}] }] }));
  expect(readTestCounts(file)).toEqual({ passed: 7, failed: 2, skipped: 4 });
});

test('counts a file that could not be loaded as a failure', () => {
  const file = report(JSON.stringify({ ...counted, testResults: [{ status: 'failed', assertionResults: [] }] }));
  expect(readTestCounts(file).failed).toBe(3);
});

test.each(['', '{'])('counts a report %j that is not there or cut off as a failure', (text) => {
  expect(readTestCounts(text === '' ? '/nonexistent/vitest.json' : report(text))).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});
