import { afterAll, expect, test } from 'vitest';
import { bootHost, type LabHost, type LabOptions } from '../../lab/lab.ts';
import { type Row, type Section, survived } from './row.ts';

/** Runs a command on the host that must succeed, and gives what it printed. */
export type Run = (command: string) => Promise<string>;

/** Tests that each break a host of their own, beside each other, and come to a row; in the table the rows stand as the tests do. */
export function faults(section: Section) {
  const rows: Row[] = [];
  let count = 0;
  afterAll(() => {
    for (const row of rows) if (row) survived(row);
  });
  return (
    name: string,
    options: LabOptions,
    body: (host: LabHost, run: Run) => Promise<Omit<Row, 'section'>>,
  ): void => {
    const at = count++;
    test(name, async () => {
      const host = await bootHost(options);
      try {
        rows[at] = { section, ...(await body(host, runOn(host))) };
      } finally {
        await host.stop();
      }
    });
  };
}

function runOn(host: LabHost): Run {
  return async (command) => {
    const { stdout, stderr, exitCode } = await host.exec(command);
    expect(exitCode, `${command}: ${stderr}`).toBe(0);
    return stdout;
  };
}
