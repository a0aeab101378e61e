import { expect, test } from 'vitest';
import { gateFailures } from '../../src/audit/gate.ts';
import type { AuditCheck, AuditDone } from '../../src/audit/result.ts';

function check(id: string, result: AuditCheck['result'], more: Partial<AuditCheck> = {}): AuditCheck {
  return { id, title: id, result, severity: 'medium', section: '', ...more };
}

const audit: AuditDone = {
  tool: 'containers',
  status: 'done',
  score: 10,
  checks: 6,
  results: [
    check('2.1', 'INFO'),
    check('2.2', 'WARN', { severity: 'high' }),
    check('2.20', 'PASS', { severity: 'high' }),
    check('5.5', 'WARN', { accepted: { reason: 'known' } }),
    check('privileged', 'WARN', { subject: 'web', related: ['5.5'], severity: 'low' }),
    check('user', 'SKIP', { subject: 'db' }),
  ],
  failures: [],
};

test.each([
  [{}, []],
  [{ min_score: 10 }, []],
  [{ min_score: 11 }, ['the score is 10, and min_score is 11']],
  [{ fail_on: ['2.2'] }, ['fail_on 2.2: 2.2']],
  [{ fail_on: ['2'] }, ['fail_on 2: 2.2']],
  [{ fail_on: ['2.20'] }, []],
  [{ fail_on: ['2.1'] }, []],
  [{ fail_on: ['5'] }, ['fail_on 5: privileged (web)']],
  [{ fail_on: ['5.5'] }, ['fail_on 5.5: privileged (web)']],
  [{ fail_on: ['privileged'] }, ['fail_on privileged: privileged (web)']],
  [{ fail_on: ['high'] }, ['fail_on high: 2.2']],
  [{ fail_on: ['medium'] }, ['fail_on medium: 2.2']],
  [{ fail_on: ['low'] }, ['fail_on low: 2.2, privileged (web)']],
  [{ fail_on: ['WARN'] }, ['fail_on WARN: 2.2, privileged (web)']],
  [{ fail_on: ['info'] }, ['fail_on info: 2.1']],
  [{ fail_on: ['skip'] }, ['fail_on skip: user (db)']],
  [{ fail_on: ['9.9'] }, []],
])('%j', (gate, failures) => {
  expect(gateFailures(audit, gate)).toEqual(failures);
});

test('a score that is not there is below every min_score', () => {
  expect(gateFailures({ ...audit, score: undefined }, { min_score: -50 })).toEqual([
    'min_score is -50, and containers gives no score',
  ]);
});
