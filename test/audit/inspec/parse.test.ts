import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseInspec } from '../../../src/audit/inspec/parse.ts';

function report(name: string) {
  const parsed = parseInspec(readFileSync(join(import.meta.dirname, 'reports', name), 'utf8'));
  if (!parsed) throw new Error(`${name} cannot be read`);
  return parsed;
}

function control(results: readonly object[] | undefined, more: object = {}): string {
  return JSON.stringify({
    version: '5.22.97',
    profiles: [
      { name: 'mine', version: '1.0.0', controls: [{ id: 'one', title: 'One', impact: 0.5, results, ...more }] },
    ],
  });
}

const first = (text: string) => parseInspec(text)?.results[0];

describe('real reports', () => {
  test.each([
    [
      'debian12.json',
      { passed: 20, failed: 51, skipped: 32, mixed: 1, empty: 2 },
      { passed: 100, failed: 90, skipped: 34, exceptions: 36 },
    ],
    [
      'debian12-containers.json',
      { passed: 29, failed: 40, skipped: 32, mixed: 1, empty: 4 },
      { passed: 149, failed: 96, skipped: 34, exceptions: 14 },
    ],
  ])('%s has exactly its counts', (name, controls, results) => {
    const { counts, results: checks, version, profiles } = report(name);
    expect(counts).toEqual({ controls, results });
    expect(checks).toHaveLength(106);
    expect(version).toBe('5.22.97');
    expect(profiles).toEqual(['cis-docker-benchmark 2.1.4']);
  });

  test('an exception and an empty control are not checked: neither a finding nor passed', () => {
    const checks = new Map(report('debian12.json').results.map((check) => [check.id, check]));
    // Debian's version number makes InSpec throw.
    expect(checks.get('docker-5.4')).toMatchObject({ result: 'SKIP', related: ['5.5'] });
    expect(checks.get('docker-5.4')?.details).toMatch(/^not checked: .*Malformed version/);
    expect(checks.get('docker-5.8')).toMatchObject({
      result: 'SKIP',
      details: 'not checked: the control has no result',
    });
    expect(checks.get('docker-3.1')).toMatchObject({ result: 'PASS', related: ['3.1'] });
    expect(checks.get('docker-3.17')).toMatchObject({ result: 'WARN', severity: 'high', related: ['3.17'] });
    // Three real failures beside an exception are a finding.
    expect(checks.get('host-1.7')).toMatchObject({ result: 'WARN', related: ['1.1.3'] });
    expect(checks.get('docker-2.8')).toMatchObject({ result: 'SKIP', related: ['2.9'] });
  });

  test('what no current Docker can pass is said, and is no finding', () => {
    const checks = new Map(report('debian12-containers.json').results.map((check) => [check.id, check]));
    expect(checks.get('docker-5.3')).toMatchObject({ result: 'NOTE' });
    expect(checks.get('docker-5.3')?.details).toMatch(/no current Docker can pass it/);
  });

  test('a page of an object is not printed', () => {
    for (const { details = '', items = [] } of report('debian12-containers.json').results)
      for (const text of [details, ...items]) {
        expect(text).not.toContain('Hashie');
        expect(text.length).toBeLessThan(1000);
      }
  });
});

describe('a control', () => {
  test.each([
    ['passed', [{ status: 'passed', code_desc: 'is' }], 'PASS'],
    ['failed', [{ status: 'failed', code_desc: 'File x', message: 'expected y' }], 'WARN'],
    ['failed by exception', [{ status: 'failed', code_desc: 'x', message: 'boom', exception: 'RuntimeError' }], 'SKIP'],
    [
      'passed, and an exception',
      [
        { status: 'passed', code_desc: 'x' },
        { status: 'failed', code_desc: 'x', message: 'boom', exception: 'RuntimeError' },
      ],
      'SKIP',
    ],
    ['skipped', [{ status: 'skipped', code_desc: 'x', skip_message: 'not here' }], 'SKIP'],
    [
      'passed, and skipped',
      [
        { status: 'passed', code_desc: 'x' },
        { status: 'skipped', code_desc: 'x', skip_message: 'y' },
      ],
      'SKIP',
    ],
    ['without results', [], 'SKIP'],
    ['whose results are missing', undefined, 'SKIP'],
  ])('%s', (_name, results, result) => {
    expect(first(control(results))?.result).toBe(result);
  });

  test('that is waived still says failed: the reason counts, unless its day has passed', () => {
    const failed = [{ status: 'failed', code_desc: 'x', message: 'y' }];
    const waived = { waiver_data: { justification: 'no LDAP here', expiration_date: '2030-01-01' } };
    expect(first(control(failed, waived))).toMatchObject({ result: 'INFO', details: 'waived: no LDAP here' });
    const expired = { waiver_data: { justification: 'old', message: 'Waiver expired on 2020-01-01' } };
    expect(first(control(failed, expired))?.result).toBe('WARN');
  });

  test('whose failure has impact 0 is a finding all the same', () => {
    expect(first(control([{ status: 'failed', code_desc: 'x', message: 'y' }], { impact: 0 }))).toMatchObject({
      result: 'WARN',
      severity: 'info',
    });
  });

  test('that cannot be read is not checked, never left out', () => {
    expect(first(control([{ status: 'exploded' }]))).toMatchObject({ id: 'one', result: 'SKIP' });
  });

  test('with ESC, NUL and bidi marks in its message moves no cursor', () => {
    const check = first(control([{ status: 'failed', code_desc: 'x', message: '\u001b[2Jgone\0 \u202eback' }]));
    expect(check?.details).toBe('x: gone back');
  });
});

describe('what is no report', () => {
  test.each([['', '{', 'null', '[]', '{"profiles": 3}']])('%s', (text) => {
    expect(parseInspec(text)).toBeUndefined();
  });

  test('a warning line before it is passed over', () => {
    expect(first(`WARN: something\n${control([{ status: 'passed', code_desc: 'x' }])}`)?.result).toBe('PASS');
  });
});
