import { describe, expect, test } from 'vitest';
import { RULES } from '../../../src/audit/workload/rules.ts';
import type { WorkloadSettings } from '../../../src/engine/resolved-task.ts';
import { bridge, checksOf, found, hostOutput, type Otherwise } from './fixture.ts';

const mount = (Source: string, Destination: string, more: object = {}) => ({
  top: { Mounts: [{ Type: 'bind', Source, Destination, RW: true, Propagation: 'rprivate', ...more }] },
});
const publish = (HostIp: string, HostPort: string, port = '80/tcp') => ({
  network: { Ports: { [port]: [{ HostIp, HostPort }] }, Networks: {} },
});

/** What differs from a container that is run well, and all that is then found. */
const CASES: readonly [string, Otherwise, Record<string, string>, WorkloadSettings?][] = [
  ['is run well', {}, {}],
  [
    'no user',
    { config: { User: '' }, process: { Uid: '0 0 0 0' } },
    { user: 'WARN medium: runs as root: no user is set' },
  ],
  ['user 0:0', { config: { User: '0:0' }, process: { Uid: '0 0 0 0' } }, { user: 'WARN medium: runs as 0:0' }],
  ['root by name', { config: { User: 'root' }, process: { Uid: '0 0 0 0' } }, { user: 'WARN medium: runs as root' }],
  [
    'a user whose uid is 0',
    { config: { User: 'toor' }, process: { Uid: '0 0 0 0' } },
    { user: 'WARN medium: runs as user toor, who is root: its uid is 0' },
  ],
  [
    'root that became another',
    { config: { User: '' }, process: { Uid: '999 999 999 999' } },
    {
      user: 'WARN low: runs as root: no user is set; its first process then became uid 999, docker exec still is root',
    },
  ],
  [
    'privileged',
    { host: { Privileged: true, CapDrop: null }, top: { AppArmorProfile: 'unconfined' }, process: { Seccomp: '0' } },
    {
      privileged: 'WARN high: is privileged',
      'cap-drop': 'WARN medium: is privileged, which gives all capabilities whatever is dropped',
      seccomp: 'WARN high: is privileged, which takes the filter away',
      apparmor: 'WARN medium: its profile is unconfined',
    },
  ],
  [
    'new privileges',
    { host: { SecurityOpt: null }, process: { NoNewPrivs: '0' } },
    { 'no-new-privileges': 'WARN medium: the kernel says NoNewPrivs: 0' },
  ],
  ["no-new-privileges by the daemon's default", { host: { SecurityOpt: null } }, {}],
  [
    'new privileges in spite of the option',
    { host: { SecurityOpt: ['no-new-privileges:true'] }, process: { NoNewPrivs: '0' } },
    { 'no-new-privileges': 'WARN medium: the option is set, and the kernel says NoNewPrivs: 0' },
  ],
  [
    'capabilities',
    { host: { CapDrop: ['NET_RAW'], CapAdd: ['CAP_NET_ADMIN', 'CHOWN'] } },
    { 'cap-drop': 'WARN medium: drops only NET_RAW', 'cap-add': 'WARN high: adds NET_ADMIN' },
  ],
  ['a capability that opens less', { host: { CapAdd: ['SYS_NICE'] } }, { 'cap-add': 'WARN medium: adds SYS_NICE' }],
  ['only default capabilities are added', { host: { CapAdd: ['NET_BIND_SERVICE'] } }, {}],
  [
    'no seccomp, by option',
    { host: { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined', 'systempaths=unconfined'] } },
    { seccomp: 'WARN high: seccomp=unconfined', 'masked-paths': 'WARN high: systempaths=unconfined' },
  ],
  [
    'no seccomp, says the kernel',
    { process: { Seccomp: '0' } },
    { seccomp: 'WARN high: the kernel says Seccomp: 0: there is no filter' },
  ],
  [
    'no AppArmor, by option',
    { host: { SecurityOpt: ['no-new-privileges', 'apparmor:unconfined'] }, top: { AppArmorProfile: 'unconfined' } },
    { apparmor: 'WARN medium: apparmor=unconfined' },
  ],
  [
    'a writable root',
    { host: { ReadonlyRootfs: false } },
    { 'read-only': 'WARN medium: its root file system can be written' },
  ],
  ['a tmpfs that runs programs', { host: { Tmpfs: { '/x': 'exec,size=1m' } } }, { tmpfs: 'WARN low: /x: exec' }],
  [
    'a tmpfs without end',
    { host: { Tmpfs: { '/x': '' }, Memory: 0 } },
    { tmpfs: 'INFO info: /x: no size', memory: 'WARN medium: no limit' },
  ],
  [
    "Docker's socket, also read-only",
    mount('/run/docker.sock', '/tmp/d.sock', { RW: false }),
    { 'docker-socket': 'WARN high: /run/docker.sock on /tmp/d.sock' },
  ],
  [
    'the directory of the socket',
    mount('/var/run/', '/host/run', { RW: false }),
    {
      'docker-socket': 'WARN high: /var/run/ on /host/run',
      'sensitive-mounts': 'WARN medium: /var/run/ on /host/run, read-only',
    },
  ],
  ['/etc, writable', mount('/etc/', '/host/etc'), { 'sensitive-mounts': 'WARN high: /etc/ on /host/etc, writable' }],
  [
    'a secret of the host, read-only',
    mount('/etc/shadow', '/shadow', { RW: false }),
    { 'sensitive-mounts': 'WARN high: /etc/shadow on /shadow, read-only' },
  ],
  ['the time zone, read-only', mount('/etc/localtime', '/etc/localtime', { RW: false }), {}],
  ['configuration, read-only', mount('/etc/nginx', '/etc/nginx', { RW: false }), {}],
  ['data of its own at /etc', mount('/srv/web/etc', '/etc'), {}],
  [
    'a way around through ..',
    mount('/srv/../etc', '/x'),
    { 'sensitive-mounts': 'WARN high: /srv/../etc on /x, writable' },
  ],
  [
    'a named volume at /etc',
    {
      top: {
        Mounts: [
          {
            Type: 'volume',
            Name: 'conf',
            Source: '/var/lib/docker/volumes/conf/_data',
            Destination: '/etc',
            RW: true,
            Propagation: '',
          },
        ],
      },
    },
    {},
  ],
  [
    'a shared mount',
    mount('/srv/data', '/data', { Propagation: 'rshared' }),
    { propagation: 'WARN medium: /srv/data on /data is rshared' },
  ],
  [
    'a disk as a device',
    { host: { Devices: [{ PathOnHost: '/dev/sda' }, { PathOnHost: '/dev/snd' }], DeviceCgroupRules: ['c 1:3 mr'] } },
    { devices: 'WARN high: /dev/sda; /dev/snd; device rules c 1:3 mr' },
  ],
  [
    "the host's network",
    { host: { NetworkMode: 'host' }, network: { Ports: {}, Networks: {} } },
    { 'network-host': 'WARN high: network mode host' },
  ],
  [
    'the default bridge',
    { host: { NetworkMode: 'default' }, network: { Ports: {}, Networks: { bridge } } },
    { 'default-bridge': 'WARN medium: is in bridge' },
  ],
  [
    'published everywhere',
    publish('0.0.0.0', '8080'),
    { 'published-address': 'WARN medium: published on 0.0.0.0:8080->80/tcp' },
  ],
  [
    'published on IPv6 alone',
    publish('::', '8080'),
    { 'published-address': 'WARN medium: published on [::]:8080->80/tcp' },
  ],
  [
    'a database for everyone',
    publish('0.0.0.0', '15432', '5432/tcp'),
    { 'published-address': 'WARN high: published on 0.0.0.0:15432->5432/tcp' },
  ],
  ['a low port', publish('127.0.0.1', '443'), { 'privileged-port': 'WARN low: takes 127.0.0.1:443->80/tcp' }],
  ['1024 is no low port', publish('127.0.0.1', '1024'), {}],
  [
    'no limits',
    { host: { Memory: 0, NanoCpus: 0, PidsLimit: null, Ulimits: null } },
    {
      memory: 'WARN medium: no limit',
      cpu: 'WARN low: neither a limit nor a share',
      pids: 'WARN medium: no limit',
      ulimits: 'INFO info: has what the daemon gives: 1024 open files',
    },
  ],
  ['pids without end', { host: { PidsLimit: -1 } }, { pids: 'WARN medium: no limit' }],
  ['a cpu quota is a limit', { host: { NanoCpus: 0, CpuQuota: 50000 } }, {}],
  [
    'namespaces of the host',
    {
      host: {
        PidMode: 'host',
        IpcMode: 'host',
        UTSMode: 'host',
        UsernsMode: 'host',
        CgroupnsMode: 'host',
        CgroupParent: '/all',
      },
    },
    {
      'pid-namespace': 'WARN high: pid mode host',
      'ipc-namespace': 'WARN medium: ipc mode host',
      'uts-namespace': 'WARN low: uts mode host',
      'user-namespace': 'WARN medium: userns mode host',
      'cgroup-namespace': 'WARN low: cgroup mode host',
      'cgroup-parent': 'WARN low: its cgroup is in /all',
    },
  ],
  ['latest', { config: { Image: 'nginx' } }, { 'image-tag': 'WARN medium: nginx has no tag, and is latest' }],
  [
    'latest of a registry with a port',
    { config: { Image: 'r.example:5000/a/b' } },
    { 'image-tag': 'WARN medium: r.example:5000/a/b has no tag, and is latest' },
  ],
  ['a digest', { config: { Image: `nginx@sha256:${'ab'.repeat(32)}` } }, {}, { require_digest: true }],
  [
    'a registry that is not allowed',
    { config: { Image: 'evil.example/nginx:1' } },
    { 'image-registry': 'WARN high: evil.example/nginx is in none of docker.io/library, ghcr.io' },
    { allowed_registries: ['docker.io/library', 'ghcr.io'] },
  ],
  ['a registry that is allowed', {}, {}, { allowed_registries: ['docker.io/library'] }],
  ['old', {}, { 'image-age': 'WARN low: made 61 days ago, more than 30' }, { max_age_days: 30 }],
  ['no health check', { state: { Health: undefined } }, { health: 'WARN low: no check' }],
  ['unhealthy', { state: { Health: { Status: 'unhealthy' } } }, { unhealthy: 'WARN medium: is unhealthy' }],
  [
    'no restart',
    { host: { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } } },
    { restart: 'WARN low: no restart policy' },
  ],
  [
    'restarts for ever after failures',
    { host: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 0 } } },
    { 'restart-limit': 'WARN low: on-failure without a number restarts for ever' },
  ],
  [
    'restarts too often',
    { host: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 10 } } },
    { 'restart-limit': 'WARN low: restarts 10 times' },
  ],
  [
    'a secret in the environment, whose value is not shown',
    { config: { Env: ['DB_PASSWORD=hunter2', 'DB_PASSWORD_FILE=/run/secrets/db', 'PWD=/app', 'TOKEN=', 'MONKEY=x'] } },
    { 'secrets-in-environment': 'WARN medium: DB_PASSWORD' },
  ],
  [
    'a database without a password',
    { config: { Env: ['ALLOW_EMPTY_PASSWORD=yes'] } },
    { 'no-password': 'WARN high: ALLOW_EMPTY_PASSWORD' },
  ],
  ['sshd', { process: { sshd: 'sshd' } }, { sshd: 'WARN medium: 1 process is sshd' }],
];

describe('each rule finds what it is for, and nothing else', () => {
  test.each(CASES)('%s', (...[, otherwise, expected, settings]) => {
    const image = (otherwise.config?.Image as string | undefined) ?? 'nginx:1.27.3';
    const output = hostOutput([otherwise]).replace(
      '"RepoTags":["nginx:1.27.3"]',
      `"RepoTags":[${JSON.stringify(image)}]`,
    );
    expect(found(checksOf(output, settings))).toEqual(expected);
  });

  test('every rule is found by a case', () => {
    const named = new Set(CASES.flatMap(([, , expected]) => Object.keys(expected)));
    const missing = RULES.map(({ id }) => id).filter((id) => !named.has(id));
    // The first is a file's alone. Below: they need more than one container or image, or are remarks that every container has.
    expect(missing).toEqual([
      'privileged-build',
      'icc',
      'published-ports',
      'image-digest',
      'image-origin',
      'image-moved',
    ]);
  });
});

describe('a finding says what mends it', () => {
  const otherwise: Otherwise = {
    config: { User: '', Image: 'nginx:1.27.3' },
    host: { ReadonlyRootfs: false, CapAdd: ['NET_ADMIN', 'CHOWN'] },
    network: {
      Ports: {
        '80/tcp': [
          { HostIp: '0.0.0.0', HostPort: '8080' },
          { HostIp: '::', HostPort: '8080' },
        ],
      },
      Networks: {},
    },
  };
  const checks = checksOf(hostOutput([otherwise]));
  test.each([
    ['user', '.Config.User', ['4.1'], '--user 10001:10001', 'user: "10001:10001"'],
    ['read-only', '.HostConfig.ReadonlyRootfs', ['5.13'], '--read-only --tmpfs /tmp', 'read_only: true\ntmpfs: [/tmp]'],
    ['cap-add', '.HostConfig.CapAdd', ['5.4'], '--cap-drop ALL --cap-add CHOWN', 'cap_add: [CHOWN]'],
    [
      'published-address',
      '.NetworkSettings.Ports',
      ['5.14'],
      '--publish 127.0.0.1:8080:80/tcp',
      'ports: ["127.0.0.1:8080:80/tcp"]',
    ],
    [
      'image-digest',
      '.Image',
      ['5.28', '4.11'],
      `nginx:1.27.3@sha256:${'ab'.repeat(32)}`,
      `image: "nginx:1.27.3@sha256:${'ab'.repeat(32)}"`,
    ],
  ])('%s', (id, field, related, flag, yaml) => {
    expect(checks.find((check) => check.id === id)).toMatchObject({
      field: id === 'image-digest' ? '.Config.Image' : field,
      related,
      subject: 'web',
      fix: [
        { kind: 'docker-run', flag },
        { kind: 'compose', yaml },
      ],
    });
  });

  test('each warning has a remedy in words, and each rule that has a fix has it in both forms', () => {
    for (const check of checks.filter(({ result }) => result === 'WARN')) {
      expect(check.remediation, check.id).toBeTruthy();
      expect(check.fix?.map(({ kind }) => kind) ?? [], check.id).toEqual(['docker-run', 'compose']);
    }
  });
});

describe('a fix mends all that its finding names', () => {
  const fixOf = (otherwise: Otherwise, id: string, sections?: Readonly<Record<string, string>>) =>
    checksOf(hostOutput([otherwise], sections))
      .find((check) => check.id === id)
      ?.fix?.map((fix) => Object.values(fix)[1]);
  const mounts = (...all: readonly (readonly [string, string, boolean?])[]) => ({
    top: {
      Mounts: all.map(([Source, Destination, RW = true]) => ({
        Type: 'bind',
        Source,
        Destination,
        RW,
        Propagation: 'rprivate',
      })),
    },
  });
  test('mounts are read-only where that is enough, else left out', () => {
    const several = mounts(['/etc/nginx', '/a'], ['/etc/shadow', '/b'], ['/etc', '/c'], ['/run', '/d', false]);
    expect(fixOf(several, 'sensitive-mounts')).toEqual([
      'leave out --volume /etc/shadow:/b; leave out --volume /etc:/c; leave out --volume /run:/d:ro; --volume /etc/nginx:/a:ro',
      '# without "/etc/shadow:/b"\n# without "/etc:/c"\n# without "/run:/d:ro"\nvolumes: ["/etc/nginx:/a:ro"]',
    ]);
  });
  test('the socket goes', () => {
    expect(fixOf(mounts(['/var/run/docker.sock', '/s']), 'docker-socket')?.[0]).toBe(
      'leave out --volume /var/run/docker.sock:/s; --env DOCKER_HOST=tcp://docker-proxy:2375',
    );
  });
  test('devices go, also those that are only read', () => {
    const Devices = [
      { PathOnHost: '/dev/kvm', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' },
      { PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'r' },
    ];
    expect(fixOf({ host: { Devices, DeviceCgroupRules: ['c 42:* rmw'] } }, 'devices')).toEqual([
      "leave out --device /dev/kvm; leave out --device /dev/sda; leave out --device-cgroup-rule 'c 42:* rmw'",
      '# without "/dev/kvm"\n# without "/dev/sda"\n# without "c 42:* rmw"',
    ]);
  });
  test('no flag of a container turns AppArmor on in the host', () => {
    const info = JSON.stringify({ SecurityOptions: ['name=seccomp,profile=builtin'] });
    const checks = checksOf(hostOutput([{ top: { AppArmorProfile: '' } }], { info }));
    const check = checks.find(({ id }) => id === 'apparmor');
    expect(check).toMatchObject({ result: 'WARN', severity: 'low' });
    expect(check).not.toHaveProperty('fix');
    expect(check).not.toHaveProperty('risk');
  });
});

describe('what takes more than one container or image', () => {
  test('neighbours in a network', () => {
    const output = hostOutput([{}, { id: 'b5', name: 'db' }]).replace(
      '{"Name":"web"}',
      '{"Name":"web"},"X":{"Name":"db"}',
    );
    const icc = checksOf(output).filter(({ id, result }) => id === 'icc' && result === 'INFO');
    expect(icc.map(({ subject, details }) => `${subject}: ${details}`)).toContain('web: reaches on all ports app: db');
  });

  test('an image that has lost its name to a newer one', () => {
    const output = hostOutput([{}])
      .replace('"RepoTags":["nginx:1.27.3"]', '"RepoTags":[]')
      .replace(/("Tag":"1.27.3","ID":)"[^"]+"/, `$1"sha256:${'99'.repeat(32)}"`);
    expect(found(checksOf(output))).toEqual({ 'image-moved': 'WARN medium: the host has a newer image of this name' });
  });

  test('an image that no registry knows', () => {
    const output = hostOutput([{}]).replace(/"RepoDigests":\[[^\]]*\]/, '"RepoDigests":[]');
    expect(found(checksOf(output))).toEqual({ 'image-origin': 'INFO info: no registry knows it' });
  });

  test('a build that tells no date is not checked', () => {
    const output = hostOutput([{}]).replace('2026-04-01T00:00:00Z', '0001-01-01T00:00:00Z');
    expect(found(checksOf(output))).toEqual({ 'image-age': 'SKIP info: the image does not say when it was made' });
  });
});
