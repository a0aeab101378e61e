import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { registry } from '../src/tasks/index.ts';

const PAGE = 'docs/checklist.md';

const rows = readFileSync(PAGE, 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => {
    const [number = '', wanted = '', doneBy = '', triedBy = '', ...more] = line.slice(1, -1).split(/(?<!\\)\|/);
    return {
      number: number.trim(),
      wanted,
      doneBy,
      tests: targets(triedBy).filter((target) => target.endsWith('.ts')),
      more,
    };
  });

test('every line of the checklist has its row, in order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 45 }, (_, index) => String(index + 1)));
});

describe.each(rows)('line $number', ({ wanted, doneBy, tests, more }) => {
  test('says in four cells what should be so, what does it, and what has tried it', () => {
    expect(wanted).toMatch(/^ [^|]{10,} $/);
    expect(more).toEqual([]);
    expect([
      ...targets(doneBy),
      ...doneBy.matchAll(/`harden (?:audit|plan)/g),
      ...doneBy.matchAll(/refused at plan/g),
    ]).not.toEqual([]);
  });

  test('names types and playbooks that there are', () => {
    for (const target of targets(doneBy)) {
      const [file = '', type] = target.split('#');
      expect({ target, isThere: existsSync(file) }).toEqual({ target, isThere: true });
      if (file === 'docs/tasks.md')
        expect({ type, isThere: registry.get(type ?? '') !== undefined }).toEqual({ type, isThere: true });
    }
    for (const [, text, type] of doneBy.matchAll(/\[`([a-z_]+)`\]\(tasks\.md#([a-z_]+)\)/g)) expect(text).toBe(type);
  });

  test('names tests that run on a real host', () => {
    expect(tests).not.toEqual([]);
    for (const file of tests) {
      expect({ file, isThere: existsSync(file) }).toEqual({ file, isThere: true });
      expect({
        file,
        boots: /\b(bootHost|bootVm|faults|VagrantProject)\b/.test(readFileSync(file, 'utf8')),
      }).toEqual({ file, boots: true });
    }
  });
});

/** The links of a cell, as paths from the root of the repository. */
function targets(cell: string): string[] {
  return [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => join('docs', target));
}
