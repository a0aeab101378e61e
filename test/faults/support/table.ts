import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import packageJson from '../../../package.json' with { type: 'json' };
import { ROWS_FILE, type Row, SECTIONS, type Section } from './row.ts';

const PAGE = join(import.meta.dirname, '../../../docs/reliability.md');

/**
 * Gathers the rows that the tests report, and with `HARDEN_RECORD=1` writes them into docs/reliability.md: each part of the table
 * that this run had rows for, and only when every test of the run was tried and passed.
 */
export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'harden-faults-'));
  const file = join(directory, 'rows.jsonl');
  process.env[ROWS_FILE] = file;
  return () => {
    const rows = readRows(file);
    rmSync(directory, { recursive: true });
    if (process.env.HARDEN_RECORD !== '1') return;
    const reason = whyNot(project, rows);
    if (reason === undefined) writeFileSync(PAGE, recorded(readFileSync(PAGE, 'utf8'), rows, new Date()));
    else process.stderr.write(`docs/reliability.md was not written: ${reason}\n`);
  };
}

function readRows(file: string): readonly Row[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

function whyNot({ vitest }: TestProject, rows: readonly Row[]): string | undefined {
  const states = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
  const passed = states.filter((one) => one.result().state === 'passed').length;
  if (passed < states.length) return `${passed} of ${states.length} tests passed`;
  return rows.length === 0 ? 'no fault was told of' : undefined;
}

/** The page with the parts that have rows written anew; the others stay as they were recorded. */
function recorded(page: string, rows: readonly Row[], now: Date): string {
  return (Object.keys(SECTIONS) as Section[]).reduce((text, section) => {
    const own = rows.filter((row) => row.section === section);
    if (own.length === 0) return text;
    const [begin, end] = [`<!-- ${section} -->`, `<!-- end of ${section} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to === -1) throw new Error(`docs/reliability.md has no place for the part "${section}"`);
    return `${text.slice(0, from + begin.length)}\n${partOf(section, own, now)}\n${text.slice(to)}`;
  }, page);
}

function partOf(section: Section, rows: readonly Row[], now: Date): string {
  return [
    `## ${SECTIONS[section]}: ${rows.length} of ${rows.length} survived`,
    '',
    `Recorded ${now.toISOString().slice(0, 10)} with harden ${packageJson.version} on Node.js ${process.version.slice(1)}.`,
    '',
    '| what was done | what the host was like | what harden, or its next run, did | took |',
    '|---|---|---|---|',
    ...rows.map(
      ({ fault, host, next, seconds }) =>
        `| ${[fault, host, next].map(cell).join(' | ')} | ${seconds === undefined ? '' : `${seconds.toFixed(1)} s`} |`,
    ),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();
}
