import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ROWS_FILE, type Row, SECTIONS } from './row.ts';

const PAGE = join(import.meta.dirname, '../../../docs/reliability.md');
const BEGIN = '<!-- table: npm run test:faults -->';
const END = '<!-- end of table -->';

/** Gathers the rows that the tests report, and writes docs/reliability.md when asked to (`HARDEN_RECORD=1`) and every test of the suite ran and passed. */
export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'harden-faults-'));
  const file = join(directory, 'rows.jsonl');
  process.env[ROWS_FILE] = file;
  return () => {
    const failed = project.vitest.state.getCountOfFailedTests();
    const rows = existsSync(file)
      ? readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Row)
      : [];
    rmSync(directory, { recursive: true });
    if (process.env.HARDEN_RECORD !== '1') return;
    if (failed > 0 || rows.length === 0) {
      process.stderr.write(
        `docs/reliability.md was not written: ${failed} failed tests, ${rows.length} faults survived\n`,
      );
      return;
    }
    const page = readFileSync(PAGE, 'utf8');
    const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length);
    writeFileSync(PAGE, `${before}\n${tableOf(rows)}\n${page.slice(page.indexOf(END))}`);
  };
}

function tableOf(rows: readonly Row[]): string {
  const parts = Object.entries(SECTIONS).flatMap(([section, title]) => {
    const own = rows.filter((row) => row.section === section);
    if (own.length === 0) return [];
    return [
      `\n### ${title}: ${own.length} of ${own.length} survived\n`,
      '| what was done | what the host was like | what harden, or its next run, did | took |',
      '|---|---|---|---|',
      ...own.map(
        ({ fault, host, next, seconds }) =>
          `| ${[fault, host, next].map(cell).join(' | ')} | ${seconds === undefined ? '' : `${seconds.toFixed(1)} s`} |`,
      ),
    ];
  });
  return `${parts.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();
}
