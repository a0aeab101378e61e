import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInspec } from '../../src/audit/inspec/parse.ts';
import type { AuditCheck, AuditDone } from '../../src/audit/result.ts';
import type { Audited } from '../../src/report/audited.ts';

function check(id: string, more: Partial<AuditCheck>): AuditCheck {
  return { id, title: `What ${id} asks`, result: 'WARN', severity: 'medium', section: 'A section', ...more };
}

const HOSTILE = `</script><img src=x onerror="document.title='run'">\u001b[2J\0]]>&$(reboot)\ud800\u202e`;

const bench: AuditDone = {
  tool: 'docker-bench-security',
  status: 'done',
  score: 13,
  checks: 86,
  previous: { score: 1, at: '2026-11-01T10:00:00Z', warnings: ['2.2', '2.14'] },
  failures: ['the score is 13, and min_score is 40'],
  notes: ['the baseline accepts 4.5, which was not found'],
  results: [
    check('1.1.1', { declined: 'a partition of its own needs a disk' }),
    check('2.2', {
      severity: 'high',
      details: 'icc is on',
      remediation: 'Set icc to false',
      effort: 'low',
      risk: 'restart',
      points: 2,
      fix: [{ kind: 'task', type: 'docker_daemon', params: { options: { icc: false } } }],
    }),
    check('2.12', { accepted: { reason: 'no plugin is worth it', expires: '2027-01-31' } }),
    check('3.1', { result: 'PASS', severity: 'info' }),
    check('4.5', { result: 'PASS', caveat: 'it passes by a variable that nothing reads' }),
    check('6.1', { result: 'INFO', details: '3 images' }),
    check('9.9', { result: 'SKIP', details: 'not checked: no swarm' }),
  ],
};

const containers: AuditDone = {
  tool: 'containers',
  status: 'done',
  checks: 2,
  failures: [],
  results: [
    check('privileged', {
      severity: 'high',
      subject: HOSTILE,
      field: '.HostConfig.Privileged',
      title: HOSTILE,
      details: HOSTILE,
      items: [HOSTILE],
      related: ['5.5'],
      fix: [
        { kind: 'docker-run', flag: '--cap-drop ALL' },
        { kind: 'compose', yaml: 'cap_drop: [ALL]' },
      ],
    }),
    check('user', {
      severity: 'low',
      subject: 'web',
      at: 'deploy/compose file.yml:7:5',
      fix: [{ kind: 'dockerfile', line: 'USER 10001' }],
    }),
  ],
};

/** What reports are made of in tests: scores, hostile names, accepted, declined and unchecked findings, an audit that did not run, a host that is down. */
export function samples(): readonly Audited[] {
  const inspec = parseInspec(readFileSync(join(import.meta.dirname, '../audit/inspec/reports/debian12.json'), 'utf8'));
  return [
    {
      name: 'root@web1',
      system: 'Debian GNU/Linux 12 (bookworm)',
      audits: [
        bench,
        containers,
        { tool: 'inspec', status: 'done', checks: 106, failures: [], results: inspec?.results ?? [] },
        { tool: 'lynis', status: 'not-run', reason: 'there is no lynis command on the host' },
      ],
    },
    { name: 'web2', system: '', audits: [], error: 'web2: connection refused.' },
  ];
}
