import { describe, expect, test } from 'vitest';
import { readDockerHost } from '../../../src/audit/containers/read-host.ts';
import { containersResult } from '../../../src/audit/containers/run.ts';
import type { AuditDone } from '../../../src/audit/result.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';
import { auditText } from '../../../src/report/audit-text.ts';
import { paintWith } from '../../../src/report/paint.ts';
import { hostOutput, NOW, type Otherwise } from './fixture.ts';

const BAD: Otherwise = { id: 'bb', name: 'bad', host: { Privileged: true } };

function audit(output: string): AuditDone {
  const result = containersResult(readDockerHost(output), ruleSettings({}, NOW));
  if (result.status !== 'done') throw new Error(result.reason);
  return { tool: 'containers', ...result };
}

function privileged(result: AuditDone): string[] {
  return result.results.flatMap(({ id, result, subject = '' }) =>
    id === 'privileged' && result === 'WARN' ? [subject] : [],
  );
}

const NASTY = '$(reboot) `reboot` \u001b[2J\u0007\r\n\u202e</td><script>alert(1)</script>\u0000\u009b31m';

describe('what strangers wrote', () => {
  test('in a name, a label, an image, a mount, a network and a process is only text', () => {
    const hostile: Otherwise = {
      ...BAD,
      name: NASTY,
      config: { User: NASTY, Image: NASTY, Env: [`${NASTY}_PASSWORD=x`], Labels: { [NASTY]: NASTY } },
      top: { Mounts: [{ Type: 'bind', Source: `/etc/${NASTY}`, Destination: NASTY, RW: true, Propagation: NASTY }] },
      network: { Ports: { [NASTY]: [{ HostIp: '0.0.0.0', HostPort: NASTY }] }, Networks: {} },
      process: { Name: 'sshd\\n/proc/1/status:NoNewPrivs:\t1' },
    };
    const result = audit(hostOutput([{}, hostile]));
    expect(privileged(result)).toEqual([NASTY]);
    expect(result.results.filter(({ subject }) => subject === NASTY).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['user', 'sensitive-mounts', 'published-address', 'image-tag', 'secrets-in-environment']),
    );
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    // What a person pastes runs nothing: a command substitution stands in single quotes alone.
    for (const fix of result.results.flatMap(({ fix }) => fix ?? [])) {
      if (fix.kind === 'docker-run') expect(fix.flag.replaceAll(/'[^']*'/g, '')).not.toMatch(/[$`]/);
    }
    // A terminal gets no control character but the newlines of the report itself.
    expect(auditText('host', result, paintWith(false))).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/,
    );
  });

  test('of ten megabytes hides nothing, and does not fill the report', () => {
    const long = 'A'.repeat(10_000_000);
    const result = audit(hostOutput([{ id: 'cc', name: 'big', config: { Labels: { x: long }, Image: long } }, BAD]));
    expect(privileged(result)).toEqual(['bad']);
    expect(
      result.results.some(({ id, subject, result }) => id === 'image-tag' && subject === 'big' && result === 'WARN'),
    ).toBe(true);
    expect(JSON.stringify(result).length).toBeLessThan(200_000);
  });
});

describe('an answer that is not what it should be', () => {
  const whole = hostOutput([{}, BAD]);

  test('cut off anywhere: each container is judged, or said not to be', () => {
    const start = whole.indexOf('\0ids\n');
    for (let end = start; end < whole.length - 1; end += 97) {
      const result = audit(whole.slice(0, end));
      expect(result.incomplete, `cut at ${end}`).toBeDefined();
      const read = readDockerHost(whole.slice(0, end));
      const subjects = new Set(result.results.map(({ subject }) => subject));
      for (const { subject } of read.unread) expect(subjects).toContain(subject);
      if (read.containers.length === 2) expect(privileged(result), `cut at ${end}`).toEqual(['bad']);
      else if (read.containers.length + read.unread.length === 2)
        expect(result.results.some(({ id, result }) => id === 'container' && result === 'SKIP')).toBe(true);
    }
  });

  test('what was cut away is not checked, never passed', () => {
    const result = audit(whole.slice(0, whole.indexOf('\0images')));
    const of = (id: string) => result.results.filter((check) => check.id === id).map((check) => check.result);
    for (const id of ['image-age', 'image-origin', 'image-moved', 'default-bridge', 'icc', 'sshd'])
      expect(of(id), id).toEqual(['SKIP', 'SKIP']);
  });

  test.each([
    ['no JSON', '{"Id":"bbbb'],
    ['other JSON', '[1,2]'],
    ['null', 'null'],
    ['fields of another type', undefined],
  ])('a container described by %s is not checked, and hides no other', (_name, text) => {
    const other =
      text ?? JSON.stringify({ Id: 'bb'.repeat(32), Name: '/bad', Image: '', HostConfig: { Privileged: 'yes' } });
    const [before, after] = [whole.slice(0, whole.indexOf('\0containers')), whole.slice(whole.indexOf('\0images'))];
    const first = whole.slice(before.length).split('\n')[1];
    const result = audit(`${before}\0containers\n${first}\nsha256:00 ${other}\n${after}`);
    expect(result.results.filter(({ id }) => id === 'container')).toMatchObject([
      { result: 'SKIP', subject: 'b'.repeat(12) },
    ]);
    expect(result.incomplete).toMatch(/^1 container could not be read/);
    expect(result.results.some(({ id, subject }) => id === 'user' && subject === 'web')).toBe(true);
  });

  test('without a container there is one check, of the daemon', () => {
    expect(audit(hostOutput([]))).toMatchObject({ checks: 1, results: [{ id: 'swarm', result: 'PASS' }] });
  });
});
