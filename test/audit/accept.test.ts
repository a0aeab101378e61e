import { expect, test } from 'vitest';
import { type Accepting, acceptFindings } from '../../src/audit/accept.ts';
import { gateFailures } from '../../src/audit/gate.ts';
import type { AuditCheck, AuditDone } from '../../src/audit/result.ts';

const now = new Date('2026-11-25T12:00:00Z');

function check(id: string, result: AuditCheck['result'], more: Partial<AuditCheck> = {}): AuditCheck {
  return { id, title: id, result, severity: 'medium', section: '', ...more };
}

function audit(...results: AuditCheck[]): AuditDone {
  return { tool: 'docker-bench-security', status: 'done', score: 0, checks: results.length, results, failures: [] };
}

function accepted(entries: readonly Omit<Accepting, 'at'>[], ...results: AuditCheck[]) {
  const placed = entries.map((entry, index) => ({ ...entry, at: `base.yml:${index + 1}:3` }));
  const [done] = acceptFindings([audit(...results)], placed, now);
  if (done?.status !== 'done') throw new Error('not done');
  return done;
}

const all = check('5.14', 'WARN', { items: ['web:0.0.0.0', 'db:0.0.0.0'], points: 2 });

test.each([
  ['the id alone', [{ id: '5.14', reason: 'known' }], { reason: 'known' }],
  ['another id', [{ id: '5.1', reason: 'known' }], undefined],
  ['one container of two', [{ id: '5.14', subject: 'web', reason: 'public' }], undefined],
  ['a name that begins alike', [{ id: '5.14', subject: 'we', reason: 'public' }], undefined],
  [
    'both containers, each for its reason',
    [
      { id: '5.14', subject: 'web', reason: 'public', expires: '2027-01-01' },
      { id: '5.14', subject: 'db', reason: 'soon gone', expires: '2026-12-01' },
    ],
    { reason: 'public; soon gone', expires: '2026-12-01' },
  ],
  ['another tool', [{ id: '5.14', tool: 'containers', reason: 'known' }], undefined],
  [
    'the last day',
    [{ id: '5.14', reason: 'known', expires: '2026-11-25' }],
    { reason: 'known', expires: '2026-11-25' },
  ],
  ['a day too late', [{ id: '5.14', reason: 'known', expires: '2026-11-24' }], undefined],
])('%s', (_what, entries, wanted) => {
  expect(accepted(entries, all).results[0]?.accepted).toEqual(wanted);
});

test('a finding on a subject is accepted by its subject', () => {
  const finding = check('privileged', 'WARN', { subject: 'web' });
  expect(accepted([{ id: 'privileged', subject: 'web', reason: 'x' }], finding).results[0]?.accepted).toBeDefined();
  expect(accepted([{ id: 'privileged', subject: 'db', reason: 'x' }], finding).results[0]?.accepted).toBeUndefined();
});

test('an image is named without its brackets', () => {
  const finding = check('4.6', 'WARN', { items: ['[busybox:latest]'] });
  const entry = { id: '4.6', subject: 'busybox:latest', reason: 'x' };
  expect(accepted([entry], finding).results[0]?.accepted).toBeDefined();
});

test('what ended counts again and is told, with its place', () => {
  const done = accepted([{ id: '5.14', reason: 'x', expires: '2026-01-31' }], all);
  expect(done.notes).toEqual(['base.yml:1:3: the acceptance of 5.14 ended on 2026-01-31: it counts again']);
  expect(gateFailures(done, { fail_on: ['5.14'] })).toEqual(['fail_on 5.14: 5.14']);
});

test('what is not found any more is told; what could not be looked for is not', () => {
  const entries = [
    { id: '5.14', reason: 'x' },
    { id: '5.2', reason: 'y' },
  ];
  expect(accepted(entries, check('5.14', 'PASS')).notes).toEqual([
    'base.yml:1:3: 5.14 is not found any more: take it out',
  ]);
});

test('what is accepted takes nothing off the score that min_score judges', () => {
  const done = { ...accepted([{ id: '5.14', reason: 'x' }], all, check('2.2', 'WARN', { points: 2 })), score: 9 };
  expect(gateFailures(done, { min_score: 10 })).toEqual([]);
  expect(gateFailures(done, { min_score: 11 })).toEqual([
    'the score is 9 (10 without what is accepted), and min_score is 11',
  ]);
});
