import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AuditCheck, AuditDone } from '../../../src/audit/result.ts';
import { playbookText } from '../../../src/audit/suggest/playbook-text.ts';
import { predict } from '../../../src/audit/suggest/predict.ts';
import { paramsOf, suggest } from '../../../src/audit/suggest/suggest.ts';
import { readSurvey, type Survey } from '../../../src/audit/suggest/survey.ts';
import { loadPlaybook } from '../../../src/playbook/load.ts';
import { resolvePlaybook } from '../../../src/playbook/resolve.ts';
import { registry } from '../../../src/registry.ts';
import { debian12Facts } from '../../support/facts.ts';

const survey: Survey = {
  units: {
    'docker.service': '/lib/systemd/system/docker.service',
    'docker.socket': '/lib/systemd/system/docker.socket',
    'containerd.sock': '/run/containerd/containerd.sock',
  },
  files: new Map([
    ['/usr/bin/runc', '/usr/sbin/runc'],
    ['/etc/docker', '/etc/docker'],
    ['/etc/default/docker', '/etc/default/docker'],
  ]),
  noAudit: undefined,
  loadedRules: '',
  fileRules: undefined,
  auditd: false,
  swarm: false,
  liveRestoreFlag: false,
  containers: 0,
  onBridge: 0,
  dockerGroup: [],
  daemonJson: undefined,
};

function found(results: Readonly<Record<string, AuditCheck['result']>>, more: Partial<AuditCheck> = {}): AuditDone {
  const checks = Object.entries(results).map(
    ([id, result]): AuditCheck => ({ id, title: id, result, severity: 'medium', section: '', ...more }),
  );
  return {
    tool: 'docker-bench-security',
    status: 'done',
    score: 0,
    checks: checks.length,
    results: checks,
    failures: [],
  };
}

function tasksFor(audit: AuditDone, host: Partial<Survey> = {}) {
  return suggest(audit, { ...survey, ...host }).tasks.map((task) => ({ [task.type]: paramsOf(task) }));
}

describe('the tasks are those that mend what was found here, and no others', () => {
  test.each<[string, Readonly<Record<string, AuditCheck['result']>>, Partial<Survey>, unknown]>([
    ['nothing warns', { '2.2': 'PASS', '2.8': 'INFO', '1.2.1': 'NOTE' }, {}, []],
    ['one key of the daemon', { '2.2': 'WARN' }, {}, [{ docker_daemon: { options: { icc: false } } }]],
    [
      'a flag keeps what runs already, and excludes the key',
      { '2.2': 'WARN' },
      { containers: 3, liveRestoreFlag: true },
      [{ docker_daemon: { options: { icc: false } } }],
    ],
    [
      'a restart keeps what runs',
      { '2.2': 'WARN' },
      { containers: 2 },
      [{ docker_daemon: { options: { 'live-restore': true, icc: false } } }],
    ],
    [
      'not in a swarm',
      { '2.2': 'WARN' },
      { containers: 2, swarm: true },
      [{ docker_daemon: { options: { icc: false } } }],
    ],
    ['a key that goes', { '2.10': 'WARN' }, {}, [{ docker_daemon: { remove: ['cgroup-parent'] } }]],
    [
      'owner and mode of one file are one task',
      { '3.5': 'WARN', '3.6': 'WARN' },
      {},
      [{ file: { path: '/etc/docker', state: 'directory', owner: 'root', group: 'root', mode: '0755' } }],
    ],
    ['a file that is not there', { '3.22': 'WARN' }, {}, []],
    [
      'a key that daemon.json names',
      { '3.14': 'WARN' },
      { daemonJson: { tlskey: '/etc/docker/key.pem' } },
      [{ file: { path: '/etc/docker/key.pem', mode: '0400' } }],
    ],
    [
      'an expression in its name is no expression',
      { '3.14': 'WARN' },
      { daemonJson: { tlskey: '/x/{{env "A"}}' } },
      [],
    ],
    [
      'rules for the link and for what it leads to, and auditd before them',
      { '1.1.18': 'WARN', '1.1.7': 'WARN' },
      {},
      [
        { apt: { name: 'auditd' } },
        { audit_rules: { watches: ['/usr/bin/runc', '/usr/sbin/runc', '/usr/lib/systemd/system/docker.service'] } },
      ],
    ],
    [
      'what the file of the rules holds stays in it',
      { '1.1.5': 'WARN' },
      { auditd: true, fileRules: ['-w /etc/docker -p rwxa -k docker', '-w /etc/shadow -p wa -k shadow'] },
      [
        {
          audit_rules: {
            watches: ['/etc/docker', '/var/lib/docker'],
            rules: ['-w /etc/shadow -p wa -k shadow'],
            file: '/etc/audit/rules.d/50-harden.rules',
          },
        },
      ],
    ],
    [
      'a daemon.json that comes is watched from the start',
      { '1.1.5': 'WARN', '2.2': 'WARN' },
      { auditd: true },
      [
        { docker_daemon: { options: { icc: false } } },
        { audit_rules: { watches: ['/etc/docker/daemon.json', '/var/lib/docker'] } },
      ],
    ],
    ['no rules in a container', { '1.1.5': 'WARN' }, { noAudit: 'a container' }, []],
    ['declined, by hand and containers', { '2.12': 'WARN', '4.5': 'WARN', '1.1.1': 'WARN', '5.5': 'WARN' }, {}, []],
  ])('%s', (_what, results, host, tasks) => {
    expect(tasksFor(found(results), host)).toEqual(tasks);
  });

  test('what a baseline accepts is left as it is', () => {
    expect(tasksFor(found({ '2.2': 'WARN' }, { accepted: { reason: 'known' } }))).toEqual([]);
  });

  test('what moves data is opt-in', () => {
    const { tasks } = suggest(found({ '2.9': 'WARN', '2.2': 'WARN' }), survey);
    expect(tasks.map(({ type, optIn }) => [type, optIn])).toEqual([
      ['docker_daemon', false],
      ['docker_daemon', true],
    ]);
  });

  test('everything that warns is mended or left out with a reason', () => {
    const audit = found({
      '1.1.5': 'WARN',
      '2.2': 'WARN',
      '2.12': 'WARN',
      '5.5': 'WARN',
      '3.22': 'WARN',
      '4.6': 'WARN',
    });
    const { tasks, left } = suggest(audit, survey);
    const told = [...tasks.flatMap(({ parts }) => parts.map(({ id }) => id)), ...left.map(({ id }) => id)];
    expect(told.sort()).toEqual(audit.results.map(({ id }) => id).sort());
    expect(left.every(({ why }) => why.length > 10)).toBe(true);
  });
});

describe('what is predicted', () => {
  test.each<[string, Readonly<Record<string, AuditCheck['result']>>, Partial<Survey>, number]>([
    ['nothing', { '2.12': 'WARN' }, {}, 0],
    ['two points for a WARN', { '2.2': 'WARN' }, { daemonJson: {} }, 2],
    ['opt-in does not count', { '2.2': 'WARN', '2.9': 'WARN' }, { daemonJson: {} }, 2],
    ['a daemon.json that comes has its checks', { '2.2': 'WARN', '3.17': 'INFO', '3.18': 'INFO' }, {}, 4],
    ['unwatched, it warns', { '2.2': 'WARN', '1.1.11': 'INFO' }, {}, 1],
    ['watched with the rules, it passes', { '2.2': 'WARN', '1.1.11': 'INFO', '1.1.6': 'WARN' }, {}, 5],
    [
      'watched already, it passes',
      { '2.2': 'WARN', '1.1.11': 'INFO' },
      { loadedRules: '-w /etc/docker/daemon.json -p rwxa -k x' },
      3,
    ],
    [
      'no-new-privileges of the daemon counts for containers',
      { '2.14': 'WARN', '5.26': 'WARN' },
      { daemonJson: {} },
      4,
    ],
    ['live-restore that comes along counts', { '2.2': 'WARN', '2.15': 'WARN' }, { daemonJson: {}, containers: 1 }, 4],
  ])('%s', (_what, results, host, gained) => {
    const audit = { ...found(results), score: 10 };
    const there = { ...survey, ...host };
    expect(predict(audit, suggest(audit, there).tasks, there).score).toBe(10 + gained);
  });
});

describe('the playbook', () => {
  async function resolved(audit: AuditDone, host: string, there: Survey) {
    const { tasks, left } = suggest(audit, there);
    const prediction = predict(audit, tasks, there);
    const more = { trustedUsers: ['admin'], dockerGroup: ['admin'] };
    const text = playbookText({ host, day: '2026-11-25', score: 0, tasks, left, prediction, ...more });
    const file = join(await mkdtemp(join(tmpdir(), 'harden-suggest-')), 'suggestion.yml');
    await writeFile(file, text);
    const playbook = await loadPlaybook(file, registry);
    const { tasks: read, audit: settings } = resolvePlaybook(playbook, {
      facts: debian12Facts,
      vars: {},
      env: {},
      home: '/root',
    });
    return { text, settings, tasks: read.map(({ type }) => type.type) };
  }

  test('is valid, says which checks each task mends, and asks for the predicted score', async () => {
    const audit = found({ '2.2': 'WARN', '2.9': 'WARN', '3.6': 'WARN', '1.1.18': 'WARN', '2.12': 'WARN' });
    const { text, settings, tasks } = await resolved(audit, 'web1', survey);
    expect(tasks).toEqual(['docker_daemon', 'file', 'apt', 'audit_rules']);
    expect(settings?.docker_bench).toEqual({ trusted_users: ['admin'], min_score: 6 });
    expect(text).toContain('  # 2.2: containers on the default network cannot reach one another\n');
    expect(text).toMatch(/put this into the docker_daemon above:\n(#.*\n)+# {3}options:\n# {5}userns-remap: default\n/);
    expect(text).toMatch(/# 2\.12: declined: /);
  });

  test.each(['$(reboot)', 'a\nb: c', 'it\'s: "x"', '{{env "HOME"}}', '\u001b[2J', '- x', '# y'])(
    'a host or a container that is called %j stays a name',
    async (name) => {
      const audit = found({ '2.2': 'WARN', '5.5': 'WARN' }, { items: [name] });
      const { text, tasks } = await resolved(audit, name, survey);
      expect(tasks).toEqual(['docker_daemon']);
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    },
  );

  test('with nothing to mend it is still a playbook', async () => {
    expect((await resolved(found({ '2.12': 'WARN' }), 'web1', survey)).tasks).toEqual([]);
  });
});

test('the survey is read as it is printed', () => {
  const read = readSurvey(`== files
/usr/bin/runc /usr/sbin/runc
== units
unit docker.service /lib/systemd/system/docker.service
== host
container none
auditd
swarm inactive
--live-restore=true
containers 3
bridge 2
group alice,bob
== loaded
-w /etc/docker -p rwxa -k docker
== rules
-i
-w /etc/docker -p rwxa -k docker
== daemon.json
{"icc":false}
`);
  expect(read).toEqual({
    units: { 'docker.service': '/lib/systemd/system/docker.service' },
    files: new Map([['/usr/bin/runc', '/usr/sbin/runc']]),
    noAudit: undefined,
    loadedRules: '-w /etc/docker -p rwxa -k docker',
    fileRules: ['-w /etc/docker -p rwxa -k docker'],
    auditd: true,
    swarm: false,
    liveRestoreFlag: true,
    containers: 3,
    onBridge: 2,
    dockerGroup: ['alice', 'bob'],
    daemonJson: { icc: false },
  });
});
