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

const WANTED = `# the stack of the shop

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
    read_only: true
    mem_limit: 512m # measure it, and set what it needs
    cpus: 1.0 # measure it, and set what it needs
    pids_limit: 256
    cap_drop: [ALL]
    tmpfs: [/tmp]

  flow: { image: "a:1", ipc: private, cap_drop: [NET_RAW, ALL], read_only: true, mem_limit: 512m, cpus: 1.0, pids_limit: 256, restart: unless-stopped, security_opt: [no-new-privileges:true], tmpfs: [/tmp] }
  db:
    image: postgres:16
    security_opt: [no-new-privileges:true]
    read_only: true
    mem_limit: 512m # measure it, and set what it needs
    cpus: 1.0 # measure it, and set what it needs
    pids_limit: 256
    restart: unless-stopped
    cap_drop: [ALL]
    tmpfs: [/tmp]

# the end
volumes:
  data:
`;

const keep = (text: string) => patchCompose(parseCompose(text, 'compose.yml'), settings);

describe('a compose file that is mended', () => {
  test('keeps its comments, its order and its form', async () => {
    const { text, left } = await keep(FILE);
    expect(text).toBe(WANTED);
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
    expect((await keep(WANTED)).text).toBe(WANTED);
  });

  test.each([
    ['lines of Windows', FILE.replaceAll('\n', '\r\n'), WANTED.replaceAll('\n', '\r\n')],
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
          const { text, mended } = await patchCompose(source, settings);
          expect(mended.length).toBeGreaterThan(0);
          expect((await patchCompose(parseCompose(text, 'compose.yml'), settings)).text, before).toBe(text);
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
