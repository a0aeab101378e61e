import { describe, expect, test } from 'vitest';
import type { AuditCheck, AuditDone } from '../../src/audit/result.ts';
import { auditText } from '../../src/report/audit-text.ts';
import { htmlReport } from '../../src/report/html/page.ts';
import { paintWith } from '../../src/report/paint.ts';
import { togetherText } from '../../src/report/together-text.ts';
import { toolsTogether } from '../../src/report/tools-together.ts';
import { samples } from './audited-samples.ts';

function check(id: string, result: AuditCheck['result'], more: Partial<AuditCheck> = {}): AuditCheck {
  return { id, title: id, result, severity: 'medium', section: 's', ...more };
}

function done(tool: string, results: readonly AuditCheck[], more: Partial<AuditDone> = {}): AuditDone {
  return { tool, status: 'done', checks: results.length, results, failures: [], ...more };
}

const bench = done('docker-bench-security', [check('2.14', 'PASS'), check('5.5', 'WARN'), check('5.28', 'INFO')]);
const other = (result: AuditCheck['result'], id = '5.5', more: Partial<AuditCheck> = {}) =>
  check(`of ${id}`, result, { related: [id], ...more });

describe('tools that ask the same', () => {
  test.each([
    ['one alone', [bench], undefined],
    ['no bench', [done('inspec', [other('WARN')])], undefined],
    ['both warn', [bench, done('inspec', [other('WARN')])], [1, []]],
    ['one container of several', [bench, done('containers', [other('PASS'), other('WARN')])], [1, []]],
    ['the other passes', [bench, done('inspec', [other('PASS')])], [1, ['5.5 WARN inspec PASS']]],
    ['the other warns', [bench, done('effective', [other('WARN', '2.14')])], [1, ['2.14 PASS effective WARN']]],
    ['the other did not look', [bench, done('inspec', [other('SKIP')])], undefined],
    ['the other looked at a part', [bench, done('containers', [other('PASS'), other('SKIP')])], undefined],
    ['the bench asks a person', [bench, done('containers', [other('WARN', '5.28')])], undefined],
    [
      'three, one of which differs',
      [bench, done('containers', [other('WARN')]), done('inspec', [other('PASS')])],
      [1, ['5.5 WARN inspec PASS']],
    ],
  ] as const)('%s', (_name, audits, expected) => {
    const together = toolsTogether(audits);
    const said = together?.differing.map(
      ({ check: { id, result }, others }) => `${id} ${result} ${others.map((each) => `${each.tool} ${each.result}`)}`,
    );
    expect(together && [together.both, said]).toEqual(expected);
  });

  test('of the same check, other containers may be meant', () => {
    const items = ['web:80', `${'a'.repeat(64)}:db`, 'volume:/etc'];
    const warns = ['web', 'db', 'keys'].map((subject) => other('WARN', '5.6', { subject }));
    const audits = [
      done('docker-bench-security', [check('5.6', 'WARN', { items })]),
      done('containers', [...warns, other('PASS', '5.6', { subject: 'volume' })]),
    ];
    expect(toolsTogether(audits)?.differing[0]?.others).toMatchObject([{ subjects: ['keys'], not: ['volume'] }]);
    expect(togetherText('web1', audits, paintWith(false))).toContain(
      'containers WARN of 5.6, also of keys, not of volume',
    );
    expect(toolsTogether([audits[0]!, done('inspec', [other('WARN', '5.6')])])?.differing).toEqual([]);
  });

  test('a terminal names the check, both words, and the containers', () => {
    const audits = [bench, done('containers', [other('WARN', '2.14', { subject: 'web\u001b[2J' })])];
    const text = togetherText('web1', audits, paintWith(false));
    expect(text).toContain('2.14 docker-bench-security PASS; containers WARN of 2.14 of web\\u001b[2J');
    expect(auditText('web1', audits[1]!, paintWith(false))).toContain('= docker-bench 2.14');
  });

  test('the page has a table of them, for real reports of InSpec too', () => {
    const all = samples();
    expect(htmlReport(all, new Date())).toMatch(/Where the tools meet.*\n.*made by another tool too/);
    const page = htmlReport([{ ...all[0]!, audits: [bench, done('inspec', [other('PASS')])] }], new Date());
    expect(page).toMatch(/<td>5\.5 5\.5<\/td><td>WARN<\/td><td><p>inspec: PASS <code>of 5\.5<\/code>/);
  });
});

test('a green that says less than its title is marked', () => {
  const audit = done('docker-bench-security', [
    check('2.5', 'PASS', { caveat: 'whatever is set' }),
    check('2.6', 'PASS'),
  ]);
  expect(auditText('web1', audit, paintWith(false))).toContain('says less than it seems: 2.5 (--json');
});

describe('since the run before', () => {
  const previous = { at: '2026-11-01T10:00:00Z', warnings: ['2.2', 'user web', 'user old one'] };
  const text = (results: readonly AuditCheck[], more = previous) =>
    auditText('web1', done('containers', results, { previous: more }), paintWith(false));

  test('what was mended, what is new, and what went with its container are told apart', () => {
    const said = text([check('user', 'PASS', { subject: 'web' }), check('memory', 'WARN', { subject: 'web' })]);
    expect(said).toContain('mended since: 2.2, user web\n');
    expect(said).toContain('gone since: old one\n');
    expect(said).toContain('new since: memory web\n');
  });

  test('hundreds are counted', () => {
    const warnings = Array.from({ length: 500 }, (_, index) => `1.${index}`);
    expect(text([], { ...previous, warnings })).toContain('1.29 and 470 more');
  });
});
