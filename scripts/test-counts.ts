import { readFileSync } from 'node:fs';

/** How many tests a run of vitest counted. */
export interface TestCounts {
  readonly passed: number;
  /** Failed tests, and files of tests that could not even be loaded. */
  readonly failed: number;
  /** Left out, or still to be written. */
  readonly skipped: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** The counts in the file that vitest's JSON reporter wrote; one failure where it wrote none. */
export function readTestCounts(file: string): TestCounts {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
