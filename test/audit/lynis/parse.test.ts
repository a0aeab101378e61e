import { describe, expect, test } from 'vitest';
import { parseLynis } from '../../../src/audit/lynis/parse.ts';

const REPORT = `# Lynis Report
lynis_version=3.0.8
warning[]=FIRE-4512|iptables module(s) loaded, but no rules active|-|-|
suggestion[]=LYNIS|This release is old|-|-|
suggestion[]=SSH-7408|Consider hardening SSH configuration|MaxAuthTries (set 6 to 3)|-|
suggestion[]=SSH-7408|Consider hardening SSH configuration|LogLevel (set INFO to VERBOSE)|-|
suggestion[]=FILE-7524|Consider restricting file permissions|See log|text:Use chmod|
hardening_index=60
tests_executed=SSH-7408|FIRE-4512|FILE-7524|KRNL-5677|
tests_skipped=DBS-1828|$(reboot)|
`;

describe('a report', () => {
  const report = parseLynis(REPORT);
  const by = new Map(report?.results.map((check) => [check.id, check]));

  test('has its index as the score', () => {
    expect(report).toMatchObject({ version: '3.0.8', score: 60 });
  });

  test.each([
    ['a warning', 'FIRE-4512', { result: 'WARN', severity: 'high', section: 'FIRE' }],
    ['suggestions of one test', 'SSH-7408', { result: 'INFO', items: ['LogLevel (set INFO to VERBOSE)'] }],
    ['a suggestion with its solution', 'FILE-7524', { details: 'See log', remediation: 'Use chmod' }],
    ['a quiet test', 'KRNL-5677', { result: 'PASS' }],
    ['a test that was skipped', 'DBS-1828', { result: 'SKIP' }],
  ])('%s', (_name, id, expected) => {
    expect(by.get(id)).toMatchObject(expected);
  });

  test('its own age and what is no test id are left out', () => {
    expect([...by.keys()].sort()).toEqual(['DBS-1828', 'FILE-7524', 'FIRE-4512', 'KRNL-5677', 'SSH-7408']);
  });
});

test('a report that was cut off has no score', () => {
  expect(parseLynis(REPORT.slice(0, REPORT.indexOf('hardening_index')))).toMatchObject({ score: undefined });
});

test.each(['', 'Segmentation fault', '{}'])('%j is no report', (text) => {
  expect(parseLynis(text)).toBeUndefined();
});
