import { describe, expect, test } from 'vitest';
import { dockerDaemonTask } from '../../src/tasks/docker-daemon/index.ts';
import { daemonKeys, isAtLeast } from '../../src/tasks/docker-daemon/keys.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

interface Host {
  readonly version?: string;
  readonly file?: string;
  readonly info?: Readonly<Record<string, unknown>> | null;
  readonly icc?: boolean;
  readonly execStart?: string;
  readonly defaults?: string;
  readonly active?: boolean;
  readonly stale?: boolean;
}

/** What the probe prints on Debian: 20.10.24 of Debian 12, unless a case says otherwise. */
function host(h: Host = {}): string {
  const argv = h.execStart ?? '/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS';
  const active = h.active ?? true;
  const info = {
    ServerVersion: h.version ?? '20.10.24+dfsg1',
    LiveRestoreEnabled: false,
    LoggingDriver: 'json-file',
    SecurityOptions: ['name=seccomp,profile=default'],
    DockerRootDir: '/var/lib/docker',
    Driver: 'overlay2',
    Debug: false,
    Labels: [],
    DefaultRuntime: 'runc',
    ExperimentalBuild: false,
    Containers: 0,
    ContainersRunning: 0,
    Mirrors: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host'], Authorization: null, Log: ['json-file'] },
    Swarm: 'inactive',
    ...h.info,
  };
  const options = {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': String(h.icc ?? true),
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    'com.docker.network.driver.mtu': '1500',
  };
  return [
    `Docker version ${h.version ?? '20.10.24+dfsg1'}, build 5d6db84\n`,
    '== unit\n',
    `ExecStart={ path=/usr/sbin/dockerd ; argv[]=${argv} ; ignore_errors=no ; start_time=[n/a] ; pid=362 ; code=(null) ; status=0/0 }\n`,
    `ActiveState=${active ? 'active' : 'inactive'}\nFragmentPath=/lib/systemd/system/docker.service\nDropInPaths=\n`,
    `== defaults\n${h.defaults ?? ''}`,
    active ? `== running\n${h.info === null ? '' : `${JSON.stringify(info)}\n`}` : '',
    active ? `== bridge\n${h.info === null ? '' : `${JSON.stringify({ Options: options })}\n`}` : '',
    h.stale ? '== stale\n' : '',
    h.file === undefined ? '' : `== file\n${h.file}`,
  ].join('');
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const trixie = '26.1.5+dfsg1';

describeTask(dockerDaemonTask, [
  {
    name: 'leaves alone what the file says and dockerd does',
    params: { options: { icc: false, 'live-restore': true } },
    given: host({ file: json({ icc: false, 'live-restore': true }), icc: false, info: { LiveRestoreEnabled: true } }),
    expect: { action: 'none', findings: [], needs: ['command:dockerd'], provides: ['path:/etc/docker/daemon.json'] },
  },
  {
    name: 'writes a first file and restarts',
    params: { options: { icc: false } },
    given: host(),
    expect: {
      before: { icc: 'unset', 'icc in force': 'true' },
      want: { icc: 'false', 'icc in force': 'false' },
      keys: ['icc', 'icc in force'],
      script: ['{\n  "icc": false\n}\n', 'mkdir -p -m 0755 /etc/docker', 'mv -T /var/lib/harden/docker-daemon.new'],
      handlers: ['restart docker'],
      keeps: ['/etc/docker/daemon.json'],
      undo: ['rm -rf /var/lib/harden/docker-daemon', 'systemctl restart docker.service'],
      validate: [/^$/],
      findings: [],
      risk: 'none',
    },
  },
  {
    name: 'has dockerd 23 and later judge the candidate',
    params: { options: { icc: false } },
    given: host({ version: trixie }),
    expect: { validate: ['dockerd --validate --config-file="$harden_tmp/daemon.json"'] },
  },
  {
    name: "merges maps, keeps the file's other keys, their order and its indentation",
    params: { options: { 'log-opts': { 'max-file': 3 }, debug: false, 'insecure-registries': [] } },
    given: host({
      file: '{\n\t"log-opts": {\n\t\t"max-size": "10m"\n\t},\n\t"insecure-registries": ["a:5000"],\n\t"bip": "10.1.0.1/24"\n}',
    }),
    expect: {
      before: { 'log-opts.max-file': 'unset', 'insecure-registries': '["a:5000"]' },
      keys: ['log-opts.max-file', 'debug', 'insecure-registries'],
      script: [
        '{\n\t"log-opts": {\n\t\t"max-size": "10m",\n\t\t"max-file": "3"\n\t},\n\t"insecure-registries": [],\n\t"bip": "10.1.0.1/24",\n\t"debug": false\n}\n',
      ],
    },
  },
  {
    name: 'sees a dockerd that was not restarted since',
    params: { options: { icc: false } },
    given: host({ file: json({ icc: false }) }),
    expect: { keys: ['icc in force'], script: [/^:\n$/], handlers: ['restart docker'] },
  },
  {
    name: 'sees that dockerd has not read what it does not tell of',
    params: { options: { 'userland-proxy': false } },
    given: host({ file: json({ 'userland-proxy': false }), stale: true }),
    expect: { keys: ['loaded'], handlers: ['restart docker'] },
  },
  {
    name: 'a newer file means nothing for what dockerd does already',
    params: { options: { 'live-restore': true } },
    given: host({ file: json({ 'live-restore': true }), stale: true, info: { LiveRestoreEnabled: true } }),
    expect: { action: 'none' },
  },
  {
    name: 'reloads where that is enough',
    params: { options: { debug: true, 'max-concurrent-downloads': 5, 'registry-mirrors': ['https://mirror.example'] } },
    given: host({ info: { ContainersRunning: 2, Containers: 2 } }),
    expect: { handlers: ['reload docker'], findings: [], notScript: ['docker-daemon.new'] },
  },
  {
    name: 'neither reloads nor restarts for what dockerd does by itself',
    params: { options: { 'log-level': 'info', 'log-driver': 'json-file', iptables: true } },
    given: host({ info: { Containers: 2 } }),
    expect: {
      keys: ['log-level', 'log-driver', 'iptables'],
      handlers: [],
      script: [': >/run/harden/docker-daemon'],
      undo: null,
      findings: [],
    },
  },
  {
    name: 'puts live-restore in force before the restart',
    params: { options: { 'live-restore': true, icc: false } },
    given: host({ file: json({ bip: '10.1.0.1/24' }), info: { Containers: 2, ContainersRunning: 2 } }),
    expect: {
      keys: ['live-restore', 'live-restore in force', 'icc'],
      script: [
        /"bip": "10\.1\.0\.1\/24",\n {2}"live-restore": true\n\}[\s\S]*systemctl reload docker\.service[\s\S]*"icc": false/,
      ],
      undo: [
        /"live-restore": true\n\}[\s\S]*systemctl restart docker\.service[\s\S]*"live-restore": false\n\}[\s\S]*systemctl reload/,
      ],
      handlers: ['restart docker'],
      findings: [/^warn: icc is not in force on the default network while containers/],
    },
  },
  {
    name: 'says at every plan that icc waits for containers to be stopped',
    params: { options: { 'live-restore': true, icc: false } },
    given: host({
      file: json({ 'live-restore': true, icc: false }),
      info: { LiveRestoreEnabled: true, ContainersRunning: 1 },
    }),
    expect: { action: 'none', findings: [/^warn: icc is not in force/] },
  },
  {
    name: 'without live-restore a restart stops containers, and then icc is in force',
    params: { options: { icc: false } },
    given: host({ info: { Containers: 2, ContainersRunning: 2 } }),
    expect: {
      keys: ['icc', 'icc in force'],
      findings: [/^warn: Docker will be restarted, which stops the running containers/],
    },
  },
  {
    name: 'names what containers keep from their creation',
    params: { options: { 'no-new-privileges': true, 'log-driver': 'local', 'live-restore': true } },
    given: host({ version: trixie, info: { Containers: 1 } }),
    expect: {
      before: { 'no-new-privileges in force': 'false' },
      findings: [
        /^warn: 1 container must be recreated: it keeps what it was created with: no-new-privileges, log-driver/,
      ],
    },
  },
  {
    name: 'dockerd 20.10 does not tell of no-new-privileges',
    params: { options: { 'no-new-privileges': true } },
    given: host({ file: json({ 'no-new-privileges': true }) }),
    expect: { action: 'none', want: { loaded: true } },
  },
  {
    name: 'dockerd 26 tells of no-new-privileges',
    params: { options: { 'no-new-privileges': true } },
    given: host({
      version: trixie,
      file: json({ 'no-new-privileges': true }),
      info: { SecurityOptions: ['name=seccomp,profile=builtin', 'name=no-new-privileges'] },
    }),
    expect: { action: 'none', before: { 'no-new-privileges in force': 'true' } },
  },
  {
    name: 'userns-remap in force, with the data root that it moves to',
    params: { options: { 'userns-remap': 'default', 'data-root': '/var/lib/docker/' } },
    given: host({
      file: json({ 'userns-remap': 'default', 'data-root': '/var/lib/docker/' }),
      info: { SecurityOptions: ['name=userns'], DockerRootDir: '/var/lib/docker/165536.165536' },
    }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'warns that containers run on unseen where live-restore keeps them and Docker looks elsewhere',
    params: { options: { 'live-restore': true, 'data-root': '/srv/docker' } },
    given: host({ info: { Containers: 1, ContainersRunning: 1 } }),
    expect: {
      keys: ['data-root', 'data-root in force', 'live-restore', 'live-restore in force'],
      findings: [/^warn: data-root makes Docker look .* taken back.*Stop the containers first: live-restore/],
    },
  },
  {
    name: 'warns that userns-remap hides what is there',
    params: { options: { 'userns-remap': 'default' } },
    given: host(),
    expect: {
      keys: ['userns-remap', 'userns-remap in force'],
      findings: [
        /^warn: userns-remap makes Docker look for images, containers and volumes in another place/,
        /^warn: with userns-remap, containers that are privileged .* start no more.*userns_mode: host/,
      ],
      // at once: what later tasks make is made where Docker then looks
      script: [/mv [\s\S]*systemctl restart docker\.service/],
      handlers: [],
    },
  },
  {
    name: 'says who is root once dockerd listens with TLS, and needs the certificates',
    params: {
      options: {
        hosts: ['unix:///run/docker.sock', 'tcp://10.8.0.1:2376'],
        tlsverify: true,
        tlscacert: '/etc/docker/ca.pem',
        tlscert: '/etc/docker/cert.pem',
        tlskey: '/etc/docker/key.pem',
      },
    },
    given: host({ execStart: '/usr/bin/dockerd' }),
    expect: {
      findings: [/^warn: whoever holds a key that the authority in tlscacert has signed is root/],
      needs: ['command:dockerd', 'path:/etc/docker/ca.pem', 'path:/etc/docker/cert.pem', 'path:/etc/docker/key.pem'],
    },
  },
  {
    name: 'says that TLS does nothing without TCP',
    params: { options: { tlsverify: true } },
    given: host(),
    expect: { findings: [/^warn: tlsverify is for TCP, and hosts names none here/] },
  },
  {
    name: 'counts the containers that must be recreated',
    params: { options: { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 2048 } } }, restart: 'auto' },
    given: host({ info: { Containers: 3 } }),
    expect: {
      findings: [/^warn: 3 containers must be recreated: they keep what they were created with: default-ulimits/],
    },
  },
  {
    name: 'warns that the containerd image store hides what is there, and restarts',
    params: { options: { features: { 'containerd-snapshotter': true } } },
    given: host({ version: trixie }),
    expect: { handlers: ['restart docker'], findings: [/^warn: features makes Docker look/] },
  },
  {
    name: 'removes keys, and a map that is left empty',
    params: { remove: ['bip', 'log-opts.max-size', 'nothing'] },
    given: host({ file: json({ bip: '10.1.0.1/24', 'log-opts': { 'max-size': '10m' }, icc: false }) }),
    expect: {
      keys: ['bip', 'log-opts.max-size'],
      script: ['{\n  "icc": false\n}\n'],
      handlers: ['restart docker'],
    },
  },
  {
    name: 'what goes from the file is not forgotten by a reload',
    params: { remove: ['debug'] },
    given: host({ file: json({ debug: true }) }),
    expect: { handlers: ['restart docker'] },
  },
  {
    name: 'restart never writes the file alone',
    params: { options: { icc: false }, restart: 'never' },
    given: host(),
    expect: {
      keys: ['icc'],
      handlers: [],
      undo: null,
      findings: [/^warn: restart: never leaves the running dockerd as it is/],
    },
  },
  {
    name: 'a Docker that does not run is compared by its file, and not started',
    params: { options: { icc: false } },
    given: host({ active: false }),
    expect: { keys: ['icc'], handlers: [], findings: [/^warn: Docker does not run/] },
  },
  {
    name: 'a dockerd that cannot be asked is compared by its file',
    params: { options: { icc: false } },
    given: host({ version: trixie, info: null, file: json({ icc: false }) }),
    expect: { action: 'none', findings: [/^warn: dockerd cannot be asked/] },
  },
  {
    name: 'refuses a key that the installed version does not know yet',
    params: { options: { 'default-network-opts': { bridge: {} } } },
    given: host(),
    expect: {
      findings: [/^refuse: default-network-opts came with Docker 24\.0, and this host has dockerd 20\.10\.24\+dfsg1/],
    },
  },
  {
    name: 'refuses a key of the file that the installed version does not know any more',
    params: { options: { icc: true } },
    given: host({ version: trixie, file: json({ 'oom-score-adjust': -500, icc: true }) }),
    expect: {
      findings: [
        /^refuse: oom-score-adjust went with Docker 26\.0.*\(\/etc\/docker\/daemon\.json has it\).*remove: \[oom-score-adjust\]/,
      ],
    },
  },
  {
    name: 'refuses a misspelt key',
    params: { options: { 'live-restor': true } },
    given: host(),
    expect: {
      findings: [/^refuse: dockerd 20\.10\.24\+dfsg1 knows no key live-restor: it would not start.*live-restore/],
    },
  },
  {
    name: 'leaves keys that a future dockerd may know to that dockerd',
    params: { options: { 'from-the-future': true } },
    given: host({ version: '31.0.1', file: json({ 'from-the-future': true }) }),
    expect: { findings: [] },
  },
  {
    name: "refuses hosts beside the unit's -H",
    params: { options: { hosts: ['unix:///run/docker.sock'] } },
    given: host(),
    expect: {
      findings: [/^refuse: hosts in daemon\.json and -H in \/lib\/systemd\/system\/docker\.service exclude each other/],
    },
  },
  {
    name: 'follows $DOCKER_OPTS into /etc/default/docker',
    params: { options: { 'log-driver': 'local', labels: ['a=b'] } },
    given: host({ defaults: 'DOCKER_OPTS="--log-driver=journald --label a=c"\n' }),
    expect: {
      findings: [
        /^refuse: log-driver in daemon\.json and --log-driver in \/etc\/default\/docker/,
        /^refuse: labels in daemon\.json and --label in \/etc\/default\/docker/,
      ],
    },
  },
  {
    name: "refuses log-opts that the log-driver does not take, the file's own included",
    params: { options: { 'log-driver': 'journald' } },
    given: host({ file: json({ 'log-opts': { 'max-size': '10m', tag: 'x' } }) }),
    expect: { findings: [/^refuse: the log-driver journald takes no log-opts\.max-size/] },
  },
  {
    name: 'refuses live-restore on a Swarm node',
    params: { options: { 'live-restore': true } },
    given: host({ info: { Swarm: 'active' } }),
    expect: { findings: [/^refuse: live-restore does not work on a Swarm node/] },
  },
  {
    name: 'says where a file is not JSON',
    params: { options: { icc: false } },
    given: host({ file: '{\n  "icc": false,\n}\n' }),
    expect: { findings: [/^refuse: \/etc\/docker\/daemon\.json:3:1: a key in double quotes is expected here/] },
  },
  {
    name: 'an empty file says nothing',
    params: { options: { icc: false } },
    given: host({ file: '\n' }),
    expect: { before: { icc: 'unset' }, script: ['{\n  "icc": false\n}\n'] },
  },
  {
    name: 'warns of a TCP socket without TLS, and of insecure registries',
    params: { options: { hosts: ['tcp://0.0.0.0:2375'], 'insecure-registries': ['r:5000'] } },
    given: host({ execStart: '/usr/bin/dockerd' }),
    expect: { findings: [/^warn: hosts opens a TCP socket without tlsverify/, /^warn: insecure-registries/] },
  },
  {
    name: 'refuses to restart Docker without systemd',
    params: { options: { icc: false } },
    given: host({ active: false }),
    facts: { systemd: false },
    expect: { findings: [/^refuse: this host does not run systemd/] },
  },
]);

describeInvalid(dockerDaemonTask, [
  { name: 'nothing to hold', params: {}, message: 'options, or remove' },
  {
    name: 'a flag that is neither',
    params: { options: { icc: 'maybe' } },
    message: 'icc takes true or false, not "maybe"',
  },
  { name: 'a text for a list', params: { options: { hosts: 'fd://' } }, message: 'hosts takes a list of texts' },
  { name: 'no value', params: { options: { icc: null } }, message: 'name it under remove' },
  { name: 'both', params: { options: { icc: true }, remove: ['icc'] }, message: 'a key cannot be both' },
  {
    name: 'half a limit',
    params: { options: { 'default-ulimits': { nofile: { Soft: 1 } } } },
    message: 'default-ulimits.nofile is written',
  },
  {
    name: 'a soft limit above the hard one',
    params: { options: { 'default-ulimits': { nofile: '2:1' } } },
    message: 'soft limit above',
  },
]);

describe('options', () => {
  test.each([
    ['YAML 1.2 leaves yes and no as text', { icc: 'no', 'live-restore': 'yes' }, { icc: false, 'live-restore': true }],
    [
      'log-opts are text for dockerd',
      { 'log-opts': { 'max-file': 3, compress: true } },
      { 'log-opts': { 'max-file': '3', compress: 'true' } },
    ],
    ['a uid is text for dockerd', { 'userns-remap': 1000 }, { 'userns-remap': '1000' }],
    [
      'a limit gets the name that containers need',
      { 'default-ulimits': { nofile: '1024:2048' } },
      { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 2048 } } },
    ],
    [
      'one number is both limits',
      { 'default-ulimits': { nproc: 64 } },
      { 'default-ulimits': { nproc: { Name: 'nproc', Soft: 64, Hard: 64 } } },
    ],
  ])('%s', (_name, given, wanted) => {
    expect(dockerDaemonTask.params.parse({ options: given }).options).toEqual(wanted);
  });

  test("a proxy's password is a secret", () => {
    const params = dockerDaemonTask.params.parse({
      options: { proxies: { 'http-proxy': 'http://me:s3cret@proxy:3128' } },
    });
    expect(dockerDaemonTask.secrets?.(params)).toEqual(['s3cret']);
  });
});

test('before the host is known, Docker will be restarted', () => {
  const params = dockerDaemonTask.params.parse({ options: { debug: true } });
  const change = { action: 'update', before: null, after: { debug: 'true' }, keys: ['debug'] } as const;
  expect(dockerDaemonTask.handlers?.(params, change).map(({ name }) => name)).toEqual(['restart docker']);
});

test('the table has every key once, and versions in order', () => {
  const names = [...daemonKeys.keys()];
  expect(names).toEqual([...names].sort());
  expect(isAtLeast('28.10.0', '28.2')).toBe(true);
  expect(isAtLeast('20.10.24+dfsg1', '23.0')).toBe(false);
  expect(isAtLeast('29.7.2', '29.7')).toBe(true);
});
