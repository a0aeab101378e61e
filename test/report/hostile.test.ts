import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readDockerHost } from '../../src/audit/containers/read-host.ts';
import { containersResult } from '../../src/audit/containers/run.ts';
import { parseBench } from '../../src/audit/docker-bench/parse.ts';
import { ended } from '../../src/audit/inspec/run.ts';
import type { AuditResult } from '../../src/audit/result.ts';
import { ruleSettings } from '../../src/audit/workload/settings.ts';
import { auditText } from '../../src/report/audit-text.ts';
import type { Audited } from '../../src/report/audited.ts';
import { htmlReport } from '../../src/report/html/page.ts';
import { junitReport } from '../../src/report/junit.ts';
import { paintWith } from '../../src/report/paint.ts';
import { sarifReport } from '../../src/report/sarif.ts';
import { togetherText } from '../../src/report/together-text.ts';
import { hostOutput, NOW } from '../audit/containers/fixture.ts';

const NASTY =
  '$(reboot) `reboot` \u001b[2J\u0007\r\n  no warnings\n\u202e\u200f</td><script>alert(1)</script>]]>&\u0000\u009b31m\ud800"\'';
const LONG = 'A'.repeat(10_000_000);

/** What a docker-bench log of a host with such containers looks like; it escapes nothing. */
function benchLog(nasty: string): string {
  const check = (id: string) =>
    `{ "id": "${id}", "desc": "Ensure ${id}", "result": "WARN",\n "details": "Containers: ${nasty}",\n "items": [\n "${nasty}"\n ]\n }`;
  return `{ "dockerbenchsecurity": "1.6.0", "tests": [ { "id": "5", "desc": "Runtime", "results": [ ${['5.4', '5.5', '5.10'].map(check).join(', ')} ] } ], "checks": 3, "score": -3, "end": 2 }`;
}

function bench(log: string): AuditResult {
  const report = parseBench(log);
  if (!report) throw new Error('nothing was read');
  return { tool: 'docker-bench-security', status: 'done', ...report, failures: [] };
}

function containers(nasty: string): AuditResult {
  const outcome = containersResult(
    readDockerHost(
      hostOutput([
        {
          id: 'aa',
          name: nasty.slice(0, 200),
          config: { User: nasty, Image: nasty, Env: [`${nasty}_PASSWORD=x`], Labels: { [nasty]: nasty } },
          top: {
            Mounts: [{ Type: 'bind', Source: `/etc/${nasty}`, Destination: nasty, RW: true, Propagation: nasty }],
          },
        },
        { id: 'bb', name: 'bad', host: { Privileged: true } },
      ]),
    ),
    ruleSettings({}, NOW),
  );
  return { tool: 'containers', ...outcome };
}

function inspec(nasty: string): AuditResult {
  const control = {
    id: nasty,
    title: nasty,
    impact: 1,
    results: [{ status: 'failed', code_desc: nasty, message: nasty }],
  };
  const outcome = ended(
    'inspec',
    100,
    JSON.stringify({ version: nasty, profiles: [{ name: nasty, controls: [control] }] }),
    nasty,
  );
  return { tool: 'inspec', ...outcome };
}

const log = benchLog(NASTY);
const CASES: readonly [string, readonly AuditResult[]][] = [
  ['written by strangers', [bench(log), containers(NASTY), inspec(NASTY)]],
  ['cut off in a name', [bench(log.slice(0, log.lastIndexOf('</td>') + 3)), containers(NASTY), inspec(NASTY)]],
  ['of ten megabytes', [bench(benchLog(LONG)), containers(LONG), inspec(LONG)]],
  ['of ten megabytes, and cut off', [bench(benchLog(LONG).slice(0, 25_000_000))]],
  ['the reason of an audit that did not run', [{ tool: 'lynis', status: 'not-run', reason: NASTY }, containers(NASTY)]],
];

describe.each(CASES)('text %s', (_name, audits) => {
  const all: readonly Audited[] = [{ name: 'web1', system: NASTY, audits, error: NASTY }];
  const warnings = audits.flatMap((audit) =>
    audit.status === 'done' ? audit.results.filter(({ result }) => result === 'WARN') : [],
  );

  test('on a terminal moves no cursor, and passes for no line of the report', () => {
    const text =
      audits.map((audit) => auditText('web1', audit, paintWith(false))).join('') +
      togetherText('web1', audits, paintWith(false));
    expect(text.search(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e]/)).toBe(-1);
    // What mends a finding stands further in.
    expect(text).not.toMatch(/^ {0,5}no warnings/m);
    expect(text.length).toBeLessThan(100_000);
    for (const { id } of warnings) expect(text).toContain(id.slice(0, 9));
    expect(text.match(/^ {4}WARN /gm)?.length).toBe(warnings.length);
  });

  test('in JSON stays what it is, and hides nothing', () => {
    expect(JSON.parse(JSON.stringify(audits))).toEqual(audits);
    expect(JSON.stringify(audits).length).toBeLessThan(300_000);
    expect(warnings.length).toBeGreaterThan(0);
  });

  test('in JUnit is well-formed XML with every finding', () => {
    const xml = junitReport(all, NOW);
    const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '-'], { input: xml, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(xml.match(/<failure /g)?.length).toBe(warnings.length);
  });

  test('in SARIF is text', () => {
    const { runs } = JSON.parse(JSON.stringify(sarifReport(all, NOW))) as { runs: { results: { kind: string }[] }[] };
    expect(runs.flatMap(({ results }) => results).filter(({ kind }) => kind === 'fail')).toHaveLength(warnings.length);
  });

  test('on the page is text', () => {
    const page = htmlReport(all, NOW);
    expect(page.search(/<script|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e]/)).toBe(-1);
    expect(page.match(/<div class="finding /g)?.length).toBe(warnings.length);
    expect(page.length).toBeLessThan(500_000);
  });
});
