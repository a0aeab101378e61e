import { describe, expect, test } from 'vitest';
import { parseBench } from '../../../src/audit/docker-bench/parse.ts';

interface Line {
  readonly id: string;
  readonly result: string;
  readonly details?: string;
  readonly items?: readonly string[];
}

/** The text that docker-bench-security 1.6.0 writes, which escapes nothing. */
function written(lines: readonly Line[], score = 0): string {
  const checks = lines.map(({ id, result, details, items }) => {
    const more = details === undefined ? '' : `,\n          "details": "${details}"`;
    const list = items
      ? `,\n          "items": [\n            ${items.map((item) => `"${item}"`).join(',')}\n          ]`
      : '';
    return `\n        {\n          "id": "${id}",\n          "desc": "Ensure ${id} (Automated)",\n          "result": "${result}"${more}${list}\n        }`;
  });
  return `{\n  "dockerbenchsecurity": "1.6.0",\n  "start": 1,\n  "tests": [\n    {\n      "id": "5",\n      "desc": "Container Runtime",\n      "results": [${checks.join(',')}\n      ]\n    }\n  ],\n  "checks": ${lines.length},\n  "score": ${score},\n  "end": 2\n}`;
}

const lines: readonly Line[] = [
  { id: '5.1', result: 'PASS' },
  { id: '5.2', result: 'WARN', details: 'Containers with no AppArmorProfile:  web db', items: ['web', '[db:1]'] },
  { id: '5.18', result: 'INFO', details: 'none', items: [] },
  { id: '5.28', result: 'INFO' },
];

test('a whole report', () => {
  const report = parseBench(written(lines, -3));
  expect(report).toMatchObject({ score: -3, checks: 4 });
  expect(report?.incomplete).toBeUndefined();
  expect(report?.results.map(({ id, result }) => `${id} ${result}`)).toEqual([
    '5.1 PASS',
    '5.2 WARN',
    '5.18 INFO',
    '5.28 INFO',
  ]);
  expect(report?.results[1]).toMatchObject({
    section: '5. Container Runtime',
    title: 'Ensure 5.2 (Automated)',
    severity: 'medium',
    items: ['web', '[db:1]'],
    risk: 'recreate',
    points: 2,
    fix: [
      { kind: 'docker-run', flag: '--security-opt apparmor=docker-default' },
      { kind: 'compose', yaml: 'security_opt: ["apparmor=docker-default"]' },
    ],
  });
  expect(report?.results[0]).not.toHaveProperty('fix');
});

test('with -c the sections vanish', () => {
  const text =
    '{ "dockerbenchsecurity": "1.6.0", "tests": [{ "id": "2.2", "desc": "x", "result": "WARN" }], "checks": 1, "score": -1, "end": 1 }';
  expect(parseBench(text)).toMatchObject({
    score: -1,
    results: [{ id: '2.2', section: '2. Docker daemon configuration' }],
  });
});

describe('what is no JSON is read check by check, and nothing is hidden', () => {
  test.each([
    ['a quote', 'Wrong ownership for "/etc/x"'],
    ['a control character', 'tab\there, escape \u001b[31m, bell \u0007'],
    ['a newline', 'two\nlines'],
    ['a command', '$(reboot) `reboot` ; reboot'],
    ['braces', '{ "result": "PASS" }, ]'],
  ])('%s in the details', (_what, details) => {
    const hostile = lines.map((line) => (line.id === '5.2' ? { ...line, details } : line));
    const report = parseBench(written(hostile, -3));
    expect(report).toMatchObject({ score: -3, checks: 4 });
    expect(report?.results.map(({ id, result }) => `${id} ${result}`)).toEqual([
      '5.1 PASS',
      '5.2 WARN',
      '5.18 INFO',
      '5.28 INFO',
    ]);
    expect(report?.results[1]).toMatchObject({ details, items: ['web', '[db:1]'] });
  });

  test('a details text that ends like a report does not give the score', () => {
    const hostile: Line[] = [...lines, { id: '5.9', result: 'WARN', details: '"checks": 1, "score": 99, "end": 1 }' }];
    const cut = written(hostile, -4).split('\n  ],\n')[0]!;
    expect(parseBench(cut)).toMatchObject({ incomplete: expect.any(String), score: -1 });
  });

  test('a report that is cut off anywhere is never whole, and keeps each check that was told', () => {
    const text = written(lines, -3);
    for (let length = 0; length < text.length; length++) {
      const cut = text.slice(0, length);
      const told = lines.filter(({ id, result }) =>
        cut.includes(`Ensure ${id} (Automated)",\n          "result": "${result}"`),
      );
      const report = parseBench(cut);
      expect(report?.results.map(({ id }) => id) ?? []).toEqual(told.map(({ id }) => id));
      if (report) expect(report.incomplete).toContain('stopped before its end');
    }
  });

  test('ten megabytes are read in a moment, whole or cut', () => {
    const items = Array.from(
      { length: 200_000 },
      (_, index) => `container-with-a-long-name-${index}-${'x'.repeat(20)}`,
    );
    const text = written([...lines, { id: '5.4', result: 'WARN', details: items.join(' '), items }], -4);
    expect(text.length).toBeGreaterThan(10_000_000);
    const started = performance.now();
    expect(parseBench(text)?.results.at(-1)?.items).toHaveLength(200_000);
    expect(parseBench(text.replace('"5.1"', '"5.1"\u0001').slice(0, -10))?.results.at(-1)?.items).toHaveLength(200_000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each(['', 'Error connecting to docker daemon', '{', '[]', '{"tests": []}', 'null', '{"tests": "5.1"}'])(
    'nothing to be read: %j',
    (text) => {
      expect(parseBench(text)).toBeUndefined();
    },
  );
});
