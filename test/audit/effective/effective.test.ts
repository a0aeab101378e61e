import { describe, expect, test } from 'vitest';
import { judgeEffective } from '../../../src/audit/effective/judge.ts';
import { readEffective } from '../../../src/audit/effective/read.ts';

interface Host {
  readonly info?: Readonly<Record<string, unknown>>;
  readonly icc?: string;
  readonly accepts?: string;
  readonly proxies?: string;
  readonly containers?: readonly string[];
  readonly kernel?: string;
  readonly flags?: string;
  readonly file?: string;
}

const HARD_FILE =
  '{"icc":false,"live-restore":true,"userland-proxy":false,"no-new-privileges":true,"userns-remap":"default","log-driver":"local","default-ulimits":{"nofile":{"Name":"nofile","Soft":1,"Hard":1}}}';
const HARD_INFO = {
  LiveRestoreEnabled: true,
  LoggingDriver: 'local',
  SecurityOptions: ['name=seccomp,profile=default', 'name=userns'],
};
const HARD: Host = { info: HARD_INFO, icc: 'false', file: HARD_FILE };

function container(name: string, pid: number, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ Name: `/${name}`, Pid: pid, Log: { Type: 'local' }, Ulimits: [{ Name: 'nofile' }], ...more });
}

/** What the script prints of such a host. */
function printed({
  info = {},
  icc = 'true',
  accepts = '',
  proxies = '',
  containers = [],
  kernel = '',
  flags = '',
  file = '',
}: Host): string {
  return `== info\n${JSON.stringify({ ServerVersion: '20.10.24', Swarm: 'inactive', LoggingDriver: 'json-file', SecurityOptions: ['name=seccomp,profile=default'], ...info })}
== bridge
{"com.docker.network.bridge.enable_icc":"${icc}"}
== accepts
${accepts}
== proxies
${proxies}
== containers
${containers.join('\n')}
== kernel
${kernel}
== dockerd
/usr/sbin/dockerd
${flags}
== file
${file}`;
}

function judge(host: Host) {
  const read = readEffective(printed(host));
  if (!read) throw new Error('nothing was read');
  return new Map(judgeEffective(read).map((check) => [check.id, check]));
}

function warns(host: Host): string[] {
  return [...judge(host).values()].filter(({ result }) => result === 'WARN').map(({ id }) => id);
}

test('a plain host', () => {
  expect(warns({})).toEqual([
    'icc',
    'userns-remap',
    'log-driver',
    'no-new-privileges',
    'live-restore',
    'userland-proxy',
  ]);
});

test('a hardened host', () => {
  const good = { containers: [container('web', 7)], kernel: 'pid 7\nNoNewPrivs:\t1\nSeccomp:\t2' };
  expect(warns(HARD)).toEqual([]);
  expect(warns({ ...HARD, ...good })).toEqual([]);
});

describe('what the configuration says and what holds differ', () => {
  test.each([
    ['icc', { icc: 'true' }, /enable_icc: true; docker-bench 2\.2 reads the configuration alone, and is content/],
    ['icc', { accepts: '-A DOCKER-USER -i docker0 -o docker0 -j ACCEPT' }, /a firewall rule lets them: -A DOCKER-USER/],
    ['live-restore', { info: { ...HARD_INFO, LiveRestoreEnabled: false } }, /LiveRestoreEnabled: false.*2\.15/],
    ['userns-remap', { info: { ...HARD_INFO, SecurityOptions: ['name=seccomp'] } }, /no user namespace.*2\.9/],
    [
      'userland-proxy',
      { proxies: '/usr/sbin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip x' },
      /port 80.*2\.16/,
    ],
    ['log-level', { info: { ...HARD_INFO, Debug: true } }, /Debug: true.*2\.3/],
    [
      'insecure-registries',
      {
        info: {
          ...HARD_INFO,
          Registries: { InsecureRegistryCIDRs: ['127.0.0.0/8'], IndexConfigs: { 'r:5000': { Secure: false } } },
        },
      },
      /trusts r:5000 without one.*2\.5/,
    ],
  ] as const)('%s', (id, more, details) => {
    const host = { ...HARD, ...more };
    expect(warns(host)).toEqual([id]);
    expect(judge(host).get(id)?.details).toMatch(details);
  });

  test.each([
    ['no-new-privileges', {}, 'NoNewPrivs:\t0\nSeccomp:\t2', '2.14'],
    ['seccomp', {}, 'NoNewPrivs:\t1\nSeccomp:\t0', '2.17'],
    ['log-driver', { Log: { Type: 'json-file', Config: {} } }, 'NoNewPrivs:\t1\nSeccomp:\t2', '2.13'],
    ['default-ulimits', { Ulimits: null }, 'NoNewPrivs:\t1\nSeccomp:\t2', '2.8'],
  ])('%s of a container that was made before', (id, more, kernel, related) => {
    const host = {
      ...HARD,
      containers: [container('web', 7, more), container('new', 8)],
      kernel: `pid 7\n${kernel}\npid 8\nNoNewPrivs:\t1\nSeccomp:\t2`,
    };
    expect(warns(host)).toEqual([id]);
    expect(judge(host).get(id)).toMatchObject({
      items: ['web'],
      related: [related],
      details: expect.stringContaining('1 container is wrong'),
    });
  });

  test('json-file with a bound is bounded', () => {
    const log = { Log: { Type: 'json-file', Config: { 'max-size': '10m' } } };
    const host = { ...HARD, containers: [container('web', 7, log)], kernel: 'pid 7\nNoNewPrivs:\t1\nSeccomp:\t2' };
    expect(warns(host)).toEqual([]);
  });
});

test('flags of dockerd count like the file', () => {
  const flags = '--icc=false\n--live-restore\n--no-new-privileges\n--userns-remap=default\n--userland-proxy=false';
  expect(warns({ info: HARD_INFO, icc: 'false', flags })).toEqual([]);
});

describe('hostile and broken answers', () => {
  test('a name stays a name, and a container that cannot be read is not passed', () => {
    const name = '$(reboot)\u001b[2J\n== file\n{}';
    const host = {
      ...HARD,
      containers: [container(name, 7), '{"Name": "/cut', container('ok', 8)],
      kernel: 'pid 7\nNoNewPrivs:\t0\nSeccomp:\t2\npid 8\nNoNewPrivs:\t1\nSeccomp:\t2',
    };
    expect(judge(host).get('no-new-privileges')).toMatchObject({ result: 'WARN', items: [name] });
    expect(judge(host).get('seccomp')).toMatchObject({
      result: 'SKIP',
      details: '1 of the running containers could not be read',
    });
  });

  test('what the kernel does not tell is not passed', () => {
    const host = { ...HARD, containers: [container('web', 7)] };
    expect(judge(host).get('no-new-privileges')).toMatchObject({ result: 'SKIP' });
  });

  test.each(['', '== info\n', printed(HARD).slice(0, 120), printed(HARD).replace('== file', '== fi')])(
    'nothing to go by: %j',
    (text) => {
      expect(readEffective(text)).toBeUndefined();
    },
  );
});
