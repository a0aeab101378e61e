import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { patchCompose } from '../../../src/audit/compose/patch.ts';
import { parseCompose } from '../../../src/audit/compose/source.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';
import { audit } from '../../../src/commands/audit.ts';
import { UserError } from '../../../src/errors.ts';
import type { Io } from '../../../src/report/io.ts';
import { Masker } from '../../../src/text/masker.ts';
import { testFile, testFolder } from '../../support/remote.ts';

const settings = ruleSettings({}, new Date('2026-06-01'));

const FILE = `# the stack of the shop

x-common: &common
  restart: always

services:
  web: # what the world sees
    <<: *common
    image: nginx:1.27   # pinned by hand
    privileged: yes # until the card reader works
    ports:
      # the shop
      - "8080:80"     # public
      - 127.0.0.1:9000:9000
      - "\${PORT}:81"
    volumes:
      - /etc:/host/etc
      - /srv/data:/data:rw,rshared
    security_opt:
      - seccomp:unconfined
      - label=disable
    command: |
      run
      forever

  flow: { image: "a:1", ipc: host, cap_drop: [NET_RAW] }
  db:
    uts: host
    image: postgres:16
    pid: host
    security_opt: ["apparmor:unconfined"]

# the end
volumes:
  data:
`;

/** The safe grade. */
const WANTED = FILE.replace('      - label=disable\n', '      - label=disable\n      - no-new-privileges:true\n')
  .replace('cap_drop: [NET_RAW] }', 'cap_drop: [NET_RAW], security_opt: [no-new-privileges:true] }')
  .replace('["apparmor:unconfined"]', '["apparmor:unconfined", no-new-privileges:true]');

/** And the rest. */
const ALL = `# the stack of the shop

x-common: &common
  restart: always

services:
  web: # what the world sees
    <<: *common
    image: nginx:1.27   # pinned by hand
    privileged: false # until the card reader works
    ports:
      # the shop
      - "127.0.0.1:8080:80"     # public
      - 127.0.0.1:9000:9000
      - "\${PORT}:81"
    volumes:
      - "/etc:/host/etc:ro"
      - "/srv/data:/data:rw"
    security_opt:
      - no-new-privileges:true
      - label=disable
    command: |
      run
      forever
    read_only: true # if it writes to its volumes and to /tmp alone
    mem_limit: 512m # measure what it needs, and set that
    cpus: 1.0 # measure what it needs, and set that
    pids_limit: 256 # measure what it needs, and set that
    cap_drop: [ALL] # if it needs no capability: a start as root that then changes its user does
    tmpfs: [/tmp] # if it writes to its volumes and to /tmp alone

  flow: { image: "a:1", ipc: private, cap_drop: [NET_RAW, ALL], read_only: true, mem_limit: 512m, cpus: 1.0, pids_limit: 256, restart: unless-stopped, security_opt: [no-new-privileges:true], tmpfs: [/tmp] }
  db:
    image: postgres:16
    security_opt: [no-new-privileges:true]
    read_only: true # if it writes to its volumes and to /tmp alone
    mem_limit: 512m # measure what it needs, and set that
    cpus: 1.0 # measure what it needs, and set that
    pids_limit: 256 # measure what it needs, and set that
    restart: unless-stopped # if it is no job that ends by itself
    cap_drop: [ALL] # if it needs no capability: a start as root that then changes its user does
    tmpfs: [/tmp] # if it writes to its volumes and to /tmp alone

# the end
volumes:
  data:
`;

const keep = (text: string, rest = true) => patchCompose(parseCompose(text, 'compose.yml'), settings, rest);

describe('a compose file that is mended', () => {
  test('keeps its comments, its order and its form', async () => {
    const { text, left } = await keep(FILE);
    expect(text).toBe(ALL);
    expect(left.map(({ id, subject }) => `${subject} ${id}`).sort()).toEqual([
      'db health',
      'db user',
      'flow health',
      'flow user',
      'web health',
      'web sensitive-mounts',
      'web user',
    ]);
  });

  test('has nothing more to be mended', async () => {
    expect((await keep(ALL)).text).toBe(ALL);
    expect((await keep(WANTED, false)).text).toBe(WANTED);
  });

  test('without the rest has nothing that a service may need; what the rest needs is said of the file as it is', async () => {
    const { text, left } = await keep(FILE, false);
    expect(text).toBe(WANTED);
    const places = left.map(
      ({ id, subject, at, needs }) => `${subject} ${id} ${at?.replace('compose.yml:', '')}: ${needs ?? ''}`,
    );
    expect(places).toContain('web privileged 10:5: it needs none of the rights of the host');
    expect(places).toContain(
      'db cap-drop 27:3: it needs no capability: a start as root that then changes its user does',
    );
    expect(places).toContain('web user 7:3: ');
  });

  const only = (name: string, lines: string) =>
    `services:\n  ${name}:\n    image: x:1\n${lines.replace(/^(?=.)/gm, '    ')}`;
  test.each([
    [
      'limits go where limits are',
      only('a', 'deploy:\n  resources:\n    limits:\n      cpus: "0.5"\n'),
      [/limits:\n {6,}cpus: "0.5"\n {6,}memory: 512m # .*\n {6,}pids: 256/],
      [/mem_limit/, /pids_limit/],
    ],
    ['no tmpfs beside a volume on /tmp', only('a', 'volumes: ["data:/tmp/"]\n'), [/volumes/], [/tmpfs/]],
    [
      'no tmpfs beside a long one',
      only('a', 'volumes: [{ type: tmpfs, target: /tmp }]\n'),
      [/volumes/],
      [/^ *tmpfs: /m],
    ],
    ['no limit below what is reserved', only('a', 'mem_reservation: 1g\n'), [/reservation/], [/mem_limit/]],
    ['no limit above the swap', only('a', 'memswap_limit: 256m\n'), [/memswap/], [/mem_limit/]],
    [
      'what is extended is joined, not said twice',
      `${only('a', '')}  b:\n    extends: a\n    environment: { X: y }\n`,
      [/a:\n[\s\S]*security_opt[\s\S]* {2}b:/],
      [/b:\n[\s\S]*(security_opt|cap_drop|tmpfs)/],
    ],
    [
      'what is extended by a chain',
      `${only('c', 'extends: { service: b }\n')}${only('b', 'extends: { service: a }\n').slice(10)}${only('a', '').slice(10)}`,
      [/ {2}a:\n[\s\S]*security_opt/],
      [/ {2}c:\n[\s\S]*(security_opt)[\s\S]* {2}b:/],
    ],
    [
      'a port that is there already',
      only('a', 'ports: ["80:80", "127.0.0.1:80:80"]\n'),
      [/ports: \["80:80", "127.0.0.1:80:80"\]/],
      [],
    ],
  ])('%s', async (_, before, wanted, unwanted) => {
    const { text } = await keep(before);
    for (const each of wanted) expect(text).toMatch(each);
    for (const each of unwanted) expect(text).not.toMatch(each);
    expect((await keep(text)).text).toBe(text);
  });

  test('several documents are left alone', async () => {
    const before = `${only('a', '')}---\nservices: { a: { privileged: true } }\n`;
    expect((await keep(before)).text).toBe(before);
  });

  test.each([
    ['lines of Windows', FILE.replaceAll('\n', '\r\n'), ALL.replaceAll('\n', '\r\n')],
    ['no newline at its end', 'services:\n  a:\n    image: x:1', undefined],
    [
      'lists in the column of their key',
      'services:\n  a:\n    image: x:1\n    ports:\n    - 80:80\n    security_opt:\n    - seccomp:unconfined\n',
      undefined,
    ],
    [
      'a list over several lines',
      'services:\n  a:\n    image: x:1\n    ports: [\n      "80:80", # why\n      "81:81"\n    ]\n',
      undefined,
    ],
    ['an anchor, and its user', 'services:\n  a: &a\n    image: x:1\n    privileged: true\n  b: *a\n', undefined],
    [
      'a list that is merged in',
      'x: &x { security_opt: [label=disable] }\nservices:\n  a:\n    <<: *x\n    image: x:1\n',
      undefined,
    ],
    ['tags of compose', 'services:\n  a:\n    image: x:1\n    ports: !override\n      - 80:80\n', undefined],
  ])('%s: still parses, and says otherwise the same', async (_name, before, wanted) => {
    const { text, mended } = await keep(before);
    if (wanted !== undefined) expect(text).toBe(wanted);
    expect(mended.length).toBeGreaterThan(0);
    const images = (yaml: string) =>
      Object.values(parse(yaml, { merge: true, logLevel: 'silent' }).services as Record<string, { image: string }>).map(
        ({ image }) => image,
      );
    expect(images(text)).toEqual(images(before));
    if (before.startsWith('x: &x')) expect(text).not.toContain('security_opt: [no-new-privileges:true]');
  });

  test('whatever it says, the outcome parses and has fewer findings', async () => {
    const line = fc.constantFrom(
      'privileged: true',
      'ports: ["80:80"]',
      'ports:\n      - 80:80 # c\n      - "[::]:81:81"',
      'volumes: ["/etc:/x", "/:/y:rshared"]',
      'security_opt:\n      - seccomp=unconfined\n      # c\n      - no-new-privileges:false',
      'security_opt: [apparmor=unconfined, seccomp=unconfined]',
      'network_mode: bridge',
      'pid: host',
      'restart: on-failure',
      'restart: "no"',
      'cap_drop:\n      - CHOWN',
      'tmpfs: /run',
      'read_only: false',
      'mem_limit:',
      'cgroup: host # c',
      'labels: { a: |-\n      }',
      'command: >\n      a\n      b',
      'x-y: 1',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(line, { maxLength: 8, selector: (each) => each.split(':')[0] }),
        fc.boolean(),
        async (lines, comment) => {
          const before = `services:\n  a:\n    image: x:1\n${lines.map((each) => `    ${each}\n`).join('')}${comment ? '  # after\n' : ''}`;
          let source: ReturnType<typeof parseCompose>;
          try {
            source = parseCompose(before, 'compose.yml');
          } catch (error) {
            if (error instanceof UserError) return;
            throw error;
          }
          const { text, mended } = await patchCompose(source, settings, true);
          expect(mended.length).toBeGreaterThan(0);
          expect((await patchCompose(parseCompose(text, 'compose.yml'), settings, true)).text, before).toBe(text);
          if (comment) expect(text).toContain('# after');
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('harden audit --patch', () => {
  async function run(
    options: Partial<Parameters<typeof audit>[1]>,
  ): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const io: Io = {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      live: undefined,
      interactive: false,
      interrupt: () => {},
      colour: false,
      columns: 80,
      masker: new Masker(),
      env: {},
      home: '/nowhere',
      cwd: '/',
      signal: new AbortController().signal,
    };
    const code = await audit(undefined, { forks: 1, ...options }, io);
    return { code, out, err };
  }

  test('prints a diff that patch takes, and does not touch the file', async () => {
    const folder = testFolder();
    const file = testFile(folder, 'compose.yml', FILE);
    const { code, out, err } = await run({ compose: [file], patch: true });
    expect(code).toBe(0);
    expect(err).toMatch(/findings are mended by this patch\n/);
    expect(err).toContain(`${file}:7:3: left to you: user [web]`);
    expect(readFileSync(file, 'utf8')).toBe(FILE);
    const patched = spawnSync('patch', ['-p1', '-d', '/'], { input: out, encoding: 'utf8' });
    if (patched.error) return;
    expect(patched.status, patched.stdout).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(WANTED);
  });

  test('writes it when asked to', async () => {
    const file = testFile(testFolder(), 'compose.yml', FILE);
    await run({ compose: [file], write: true });
    expect(readFileSync(file, 'utf8')).toBe(WANTED);
  });

  test('writes through a link, and leaves the mode as it is', async () => {
    const folder = testFolder();
    const file = testFile(folder, 'compose.yml', FILE);
    chmodSync(file, 0o666);
    const link = join(folder, 'link.yml');
    symlinkSync('compose.yml', link);
    await run({ compose: [link], write: true });
    expect(readFileSync(file, 'utf8')).toBe(WANTED);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('666');
  });

  test('the gate holds: exit 4, and 0 with what a baseline accepts', async () => {
    const folder = testFolder();
    const file = testFile(folder, 'compose.yml', 'services:\n  a: { image: x:1, pid: host }\n');
    const baseline = testFile(folder, 'baseline.yml', '- { id: pid-namespace, subject: a, reason: it watches }\n');
    expect((await run({ compose: [file], failOn: ['high'] })).code).toBe(4);
    expect((await run({ compose: [file], failOn: ['5.16'] })).code).toBe(4);
    expect((await run({ compose: [file], failOn: ['high'], baseline })).code).toBe(0);
    const text = (await run({ compose: [file], failOn: ['high'] })).out;
    expect(text).toContain(`WARN ${file}:2:20 pid-namespace`);
  });

  test('a Dockerfile beside it, as JSON', async () => {
    const folder = testFolder();
    const compose = testFile(folder, 'compose.yml', 'services:\n  a: { image: x:1 }\n');
    const dockerfile = testFile(folder, 'Dockerfile', 'FROM debian\n');
    const { out, code } = await run({ compose: [compose], dockerfile: [dockerfile], json: true });
    expect(code).toBe(0);
    const { hosts } = JSON.parse(out) as {
      hosts: { host: string; audits: { tool: string; results: { at?: string }[] }[] }[];
    };
    expect(hosts.map(({ host, audits }) => [host, audits[0]?.tool])).toEqual([
      [compose, 'compose'],
      [dockerfile, 'dockerfile'],
    ]);
  });

  test.each([{ minScore: 50 }, { suggest: '/nowhere/mend.yml' }, { only: ['containers'] }, { inspec: 'profile' }])(
    '%j is not left aside where files alone are audited',
    async (options) => {
      const file = testFile(testFolder(), 'compose.yml', 'services:\n  a: { image: x:1 }\n');
      await expect(run({ compose: [file], ...options })).rejects.toThrow(
        'is for the audits of a host, and none is named',
      );
    },
  );

  test.each([
    [{ patch: true }, 'mends compose files, and none is named'],
    [{ patch: true, compose: ['x'], json: true }, 'The compose file x does not exist'],
    [{ dockerfile: ['/nowhere/Dockerfile'] }, 'The Dockerfile /nowhere/Dockerfile does not exist'],
  ])('%j is refused', async (options, message) => {
    if ('json' in options) expect((await run(options)).code).toBe(64);
    else await expect(run(options)).rejects.toThrow(message);
  });
});
