import { describe, expect, test } from 'vitest';
import { auditCompose } from '../../../src/audit/compose/run.ts';
import { parseCompose } from '../../../src/audit/compose/source.ts';
import type { AuditCheck } from '../../../src/audit/result.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';
import type { WorkloadSettings } from '../../../src/engine/resolved-task.ts';
import { UserError } from '../../../src/errors.ts';
import { testFile, testFolder } from '../../support/remote.ts';

async function checks(
  text: string,
  settings: WorkloadSettings = {},
  file = 'compose.yml',
): Promise<readonly AuditCheck[]> {
  const result = await auditCompose(parseCompose(text, file), ruleSettings(settings, new Date('2026-06-01')));
  if (result.status !== 'done') throw new Error(result.reason);
  return result.results;
}

/** A service that is run well, with these lines as well. */
function service(lines: string): string {
  const good = `    image: "nginx:1.27.3@sha256:${'a'.repeat(64)}"
    user: "1000"
    security_opt: ["no-new-privileges:true"]
    cap_drop: [ALL]
    read_only: true
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 100
    ulimits: { nofile: 1024 }
    restart: unless-stopped
    healthcheck: { test: [CMD, "true"] }
`;
  const keys = new Set([...lines.matchAll(/^(\w+):/gm)].map(([, key]) => key));
  const kept = good.split('\n').filter((line) => !keys.has(line.trim().split(':')[0]));
  return `services:\n  web:\n${kept.join('\n')}${lines.replace(/^(?=.)/gm, '    ')}\n`;
}

/** `RESULT line: details` by id, of all that is not passed. */
async function found(text: string, settings?: WorkloadSettings): Promise<Record<string, string>> {
  const left = (await checks(text, settings)).filter(({ result, id }) => result !== 'PASS' && id !== 'published-ports');
  return Object.fromEntries(
    left.map(({ id, result, details, at }) => [id, `${result} ${at?.split(':')[1] === '2' ? '' : '+'}: ${details}`]),
  );
}

const CASES: readonly [string, string, Record<string, string>, WorkloadSettings?][] = [
  ['nothing wrong', '', {}],
  ['no user', 'user:', { user: 'WARN +: no user is set: the image decides, and most images run as root' }],
  ['user 0', 'user: 0:0', { user: 'WARN +: runs as 0:0' }],
  ['a user of the environment', 'user: ${UID}', { user: 'SKIP +: the environment decides: UID' }],
  ['a dollar that is none', 'user: a$$b', {}],
  [
    'privileged, as YAML 1.1 says it',
    'privileged: yes',
    {
      privileged: 'WARN +: is privileged',
      'cap-drop': 'WARN +: is privileged, which gives all capabilities whatever is dropped',
      seccomp: 'WARN +: is privileged, which takes the filter away',
      apparmor: 'WARN +: is privileged, which takes the profile away',
    },
  ],
  [
    'no-new-privileges:false',
    'security_opt: ["no-new-privileges:false"]',
    { 'no-new-privileges': 'WARN +: no-new-privileges is switched off' },
  ],
  [
    'capabilities',
    'cap_add: [NET_ADMIN]\ncap_drop: [NET_RAW]',
    { 'cap-add': 'WARN +: adds NET_ADMIN', 'cap-drop': 'WARN +: drops only NET_RAW' },
  ],
  [
    'unconfined',
    'security_opt: ["no-new-privileges:true", "seccomp:unconfined", "apparmor=unconfined", "systempaths=unconfined"]',
    {
      seccomp: 'WARN +: seccomp=unconfined',
      apparmor: 'WARN +: apparmor=unconfined',
      'masked-paths': 'WARN +: systempaths=unconfined',
    },
  ],
  [
    'the socket, and the API key',
    'volumes: ["/var/run/docker.sock:/s:ro"]',
    { 'docker-socket': 'WARN +: /var/run/docker.sock on /s' },
  ],
  [
    'the socket by use_api_socket',
    'use_api_socket: true',
    { 'docker-socket': 'WARN +: /var/run/docker.sock on /var/run/docker.sock' },
  ],
  [
    'long volumes',
    'volumes:\n  - { type: bind, source: /etc, target: /x, read_only: true, bind: { propagation: rshared } }',
    {
      'sensitive-mounts': 'WARN +: /etc on /x, read-only',
      propagation: 'WARN +: /etc on /x is rshared',
    },
  ],
  [
    'volumes with their own colons',
    'volumes: ["${DATA:-/etc}:/x"]',
    { 'sensitive-mounts': 'WARN +: /etc on /x, writable' },
  ],
  [
    'volumes of the environment',
    'volumes: ["${DATA}:/x"]',
    {
      'docker-socket': 'SKIP +: the environment decides: DATA',
      'sensitive-mounts': 'SKIP +: the environment decides: DATA',
      propagation: 'SKIP +: the environment decides: DATA',
    },
  ],
  ['files beside it, and anonymous volumes', 'volumes: [./etc:/etc, /data, data:/var]', {}],
  ['devices', 'devices: ["/dev/sda:/dev/x:r", "vendor.com/gpu=all"]', { devices: 'WARN +: /dev/sda' }],
  ['the network of the host', 'network_mode: host', { 'network-host': 'WARN +: network mode host' }],
  ['the default bridge', 'network_mode: bridge', { 'default-bridge': 'WARN +: is in bridge' }],
  [
    'ports, short',
    'ports: ["127.0.0.1:1:1", 8080:80]',
    {
      'published-address': 'WARN +: published on *:8080->80/tcp',
      'privileged-port': 'WARN +: takes 127.0.0.1:1->1/tcp',
    },
  ],
  ['ports, a container port alone', 'ports: [80]', { 'published-address': 'WARN +: published on *:any->80/tcp' }],
  [
    'ports, IPv6',
    'ports: ["[::]:8080:80", "[::1]:8081:81/udp"]',
    { 'published-address': 'WARN +: published on [::]:8080->80/tcp' },
  ],
  [
    'ports, long',
    'ports: [{ target: 5432, published: 15432 }]',
    { 'published-address': 'WARN +: published on *:15432->5432/tcp' },
  ],
  ['ports, long, bound', 'ports: [{ target: 80, published: "8080", host_ip: 127.0.0.1 }]', {}],
  [
    'ports that the environment decides',
    'ports: ["${P}:80"]',
    { 'published-address': 'SKIP +: the environment decides: P' },
  ],
  ['ports whose address is known', 'ports: ["127.0.0.1:${P:-8080}:80", "127.0.0.1:${Q}:80"]', {}],
  [
    'no limits',
    'mem_limit:\ncpus:\npids_limit: -1\nulimits:',
    {
      memory: 'WARN +: no limit',
      cpu: 'WARN +: neither a limit nor a share',
      pids: 'WARN +: no limit',
      ulimits: 'INFO +: has what the daemon gives',
    },
  ],
  [
    'limits of deploy',
    'mem_limit:\ncpus:\npids_limit:\ndeploy: { resources: { limits: { memory: 1g, cpus: "1", pids: 9 } } }',
    {},
  ],
  [
    'namespaces',
    'pid: host\nipc: host\nuts: host\nuserns_mode: host\ncgroup: host\ncgroup_parent: all',
    {
      'pid-namespace': 'WARN +: pid mode host',
      'ipc-namespace': 'WARN +: ipc mode host',
      'uts-namespace': 'WARN +: uts mode host',
      'user-namespace': 'WARN +: userns mode host',
      'cgroup-namespace': 'WARN +: cgroup mode host',
      'cgroup-parent': 'WARN +: its cgroup is in all',
    },
  ],
  [
    'latest',
    'image: nginx',
    { 'image-tag': 'WARN +: nginx has no tag, and is latest', 'image-digest': 'INFO +: nginx has no digest' },
  ],
  [
    'a digest that is wanted',
    'image: nginx:1',
    { 'image-digest': 'WARN +: nginx:1 has no digest' },
    { require_digest: true },
  ],
  [
    'a tag of the environment',
    'image: nginx:${TAG:-latest}',
    { 'image-tag': 'WARN +: nginx:latest is latest', 'image-digest': 'INFO +: nginx:latest has no digest' },
  ],
  [
    'a tag of the environment alone',
    'image: nginx:${TAG}',
    { 'image-tag': 'SKIP +: the environment decides: TAG', 'image-digest': 'SKIP +: the environment decides: TAG' },
  ],
  ['built here', 'image: mine\nbuild: .', {}],
  ['no health check', 'healthcheck: { disable: true }', { health: 'WARN +: no check, unless the image has one' }],
  ['no restart', 'restart: no', { restart: 'WARN +: no restart policy' }],
  [
    'restart for ever',
    'restart: on-failure',
    { 'restart-limit': 'WARN +: on-failure without a number restarts for ever' },
  ],
  [
    'restart of deploy',
    'restart:\ndeploy: { restart_policy: { condition: on-failure, max_attempts: 9 } }',
    { 'restart-limit': 'WARN +: restarts 9 times' },
  ],
  [
    'secrets, in either form',
    'environment: [DB_PASSWORD=x, API_TOKEN, KEY_FILE=/run/secrets/k]',
    { 'secrets-in-environment': 'WARN +: DB_PASSWORD has its value in the file' },
  ],
  ['secrets that come from outside', 'environment: { DB_PASSWORD: "${DB_PASSWORD}", TOKEN: }', {}],
  ['tmpfs that runs programs', 'tmpfs: [/x:exec]', { tmpfs: 'WARN +: /x: exec' }],
];

describe('each rule finds what it is for in a service', () => {
  test.each(CASES)('%s', async (...[, lines, expected, settings]) => {
    expect(await found(service(lines), settings)).toEqual(expected);
  });

  test('each has the place of its value, and the fix as a line of the service first', async () => {
    const text = service('ports:\n  - "1:1"\n  - 8080:80\n');
    const ports = (await checks(text)).filter(({ id }) => id === 'published-address');
    const line = text.split('\n').findIndex((each) => each.includes('"1:1"')) + 1;
    expect(ports.map(({ at, fix }) => [at, fix?.[0]])).toEqual([
      [`compose.yml:${line}:9`, { kind: 'compose', yaml: 'ports: ["127.0.0.1:1:1/tcp"]' }],
      [`compose.yml:${line + 1}:9`, { kind: 'compose', yaml: 'ports: ["127.0.0.1:8080:80/tcp"]' }],
    ]);
  });

  test('no value of a secret is in the result', async () => {
    expect(JSON.stringify(await checks(service('environment: { DB_PASSWORD: hunter2 }')))).not.toContain('hunter2');
  });
});

describe('what compose puts together', () => {
  const subjects = async (text: string, id: string) =>
    (await checks(text))
      .filter((check) => check.id === id && check.result !== 'PASS')
      .map(({ subject, at }) => `${subject} ${at}`);

  test('anchors, merge keys, x- keys and profiles', async () => {
    const text = `x-base: &base
  privileged: true
services:
  a:
    <<: *base
    image: x:1
    profiles: [debug]
  b: *base
  c: { <<: *base, privileged: false }
`;
    expect(await subjects(text, 'privileged')).toEqual(['a compose.yml:2:3', 'b compose.yml:2:3']);
  });

  test('networks in common, and a volume that is a directory of the host', async () => {
    const text = `services:
  a: { image: x:1, networks: [n] }
  b: { image: x:1, networks: { n: {}, m: {} }, volumes: [conf:/x] }
  c: { image: x:1, networks: [m] }
networks:
  n: { driver_opts: { com.docker.network.bridge.enable_icc: "false" } }
volumes:
  conf: { driver_opts: { type: none, o: bind, device: /etc } }
`;
    expect(await subjects(text, 'icc')).toEqual(['b compose.yml:3:20', 'c compose.yml:4:20']);
    expect(await subjects(text, 'sensitive-mounts')).toEqual(['b compose.yml:3:58']);
  });

  test('extends and include, with the place in the other file', async () => {
    const folder = testFolder();
    const base = testFile(
      folder,
      'base.yml',
      'services:\n  app:\n    image: x:1\n    privileged: true\n    cap_add: [SYS_ADMIN]\n    volumes: ["/etc:/x"]\n',
    );
    const other = testFile(folder, 'other.yml', 'services:\n  db:\n    image: y\n');
    const file = testFile(folder, 'compose.yml', '');
    const text = `include: [other.yml]
services:
  web:
    extends: { file: base.yml, service: app }
    cap_add: [NET_RAW]
    volumes: ["/srv:/x"]
  web2:
    extends: web
    privileged: false
  unknown:
    extends: { file: "\${F}", service: app }
`;
    const all = await checks(text, {}, file);
    const of = (id: string) =>
      all
        .filter((check) => check.id === id && check.result !== 'PASS')
        .map(({ subject, result, at }) => `${subject} ${result} ${at}`);
    expect(of('privileged')).toEqual([`web WARN ${base}:4:5`]);
    expect(all.filter(({ id, result }) => id === 'cap-add' && result === 'WARN').map(({ subject }) => subject)).toEqual(
      ['web', 'web2'],
    );
    expect(of('sensitive-mounts')).toEqual([]);
    expect(of('image-tag')).toEqual([`db WARN ${other}:3:5`]);
    expect(of('extends')).toEqual([`unknown SKIP ${file}:10:3`]);
  });

  test('!reset and !override', async () => {
    const text = 'services:\n  a:\n    image: x:1\n    privileged: !reset true\n    ports: !override ["8080:80"]\n';
    expect(await subjects(text, 'privileged')).toEqual([]);
    expect(await subjects(text, 'published-address')).toEqual(['a compose.yml:5:23']);
  });
});

test('a long chain of what extends what is followed once', async () => {
  const link = (n: number) => `  s${n}: { extends: s${n - 1}, environment: { A${n}: x } }\n`;
  const text = `services:\n  s0: { image: nginx, privileged: true }\n${Array.from({ length: 300 }, (_, n) => link(n + 1)).join('')}`;
  expect((await checks(text)).filter(({ id, result }) => id === 'privileged' && result === 'WARN')).toHaveLength(301);
});

describe('what is no compose file', () => {
  test.each([
    ['', 'compose.yml:1:1: A compose file must be a map, and this is nothing.'],
    ['services: [a]\n', 'compose.yml:1:11: `services` must be a map, and this is a list.'],
    ['services:\n  web: nginx\n', 'compose.yml:2:8: The service `web` must be a map, and this is text.'],
    [
      'web:\n  image: nginx\n',
      'compose.yml:1:1: A compose file has `services`, and this one has none. Put `web` and the others under `services:`.',
    ],
    ['services:\n\tweb: {}\n', 'compose.yml:2:1: A tab indents this line.'],
    [
      'services:\n  a: { image: x }\n  a: { image: y }\n',
      'compose.yml:3:3: `a` stands twice in this map, first in line 2.',
    ],
    ['services:\n  a: *nowhere\n', 'compose.yml:2:6: '],
    ['services:\n  a: { extends: b }\n', 'compose.yml:2:17: compose.yml has no service `b` that `a` could extend.'],
    [
      'services:\n  a: { extends: b }\n  b: { extends: a }\n',
      'compose.yml:3:8: `a` extends a service that extends it.',
    ],
    [
      'services:\n  a: { extends: { file: gone.yml, service: b } }\n',
      'compose.yml:2:25: The compose file gone.yml does not exist.',
    ],
    [
      `services:\n${Array.from({ length: 2001 }, (_, n) => `  s${n}: {}\n`).join('')}`,
      'compose.yml:2002:3: These are more than 2000 services, which is too many for one audit.',
    ],
    ['include: [compose.yml]\n', 'compose.yml:1:11: compose.yml is included by a file that it includes.'],
  ])('%j', async (text, message) => {
    const error: unknown = await checks(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).paragraph).toContain(message);
    expect((error as UserError).exitCode).toBe(64);
  });
});
