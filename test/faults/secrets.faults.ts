import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folder, harden, hostArgs, type Ran } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { survived } from './support/row.ts';

const unavailable = await labUnavailable();

// What a person hands to harden and must find nowhere but where it belongs.
const SECRETS = {
  'the content of a `sensitive` task': 'plantedContent-kV3pQ8',
  'a variable given with -e @FILE, in a `sensitive` task': "planted'variable $x-7Jd2",
  'a password hash':
    '$6$plantedSalt$cZ8vXyTq1Rk0mWnB5sLh3JfGd7PaEo9UiYtHgNbVxMlKjSrDwQz2C4e6A8uIo0pLmNkJhGfDsAqWeRtYuIo1x.',
  'a value from `env`': 'plantedEnvironment-x2Wn5',
  'the password of sudo': 'lab-secret',
} as const;
const WHERE_THEY_BELONG: Record<keyof typeof SECRETS, string[]> = {
  'the content of a `sensitive` task': ['/etc/secret-content'],
  'a variable given with -e @FILE, in a `sensitive` task': ['/etc/secret-variable'],
  'a password hash': ['/etc/shadow'],
  'a value from `env`': ['/etc/secret-environment'],
  'the password of sudo': [],
};
const VARIABLE = SECRETS['a variable given with -e @FILE, in a `sensitive` task'];
const ENV = SECRETS['a value from `env`'];

const PLAYBOOK = `tasks:
  - copy: { dest: /etc/secret-content, content: "pass = ${SECRETS['the content of a `sensitive` task']}\\n", mode: "0600" }
    sensitive: true
  - lineinfile: { path: /etc/secret-variable, line: "db = {{db_password}}", create: true, mode: "0600" }
    sensitive: true
  - command: { cmd: "cat >/dev/null", stdin: "{{db_password}}", environment: { WORD: "{{db_password}}" } }
    sensitive: true
  - user: { name: hashed, password_hash: '${SECRETS['a password hash']}' }
  - copy: { dest: /etc/secret-environment, content: 'token={{env "APP_TOKEN"}}', mode: "0600" }
    notify: tell
  - command: { cmd: '[ "$(cat)" != none ]', stdin: '{{env "APP_TOKEN"}}' }
handlers:
  tell: { run: 'word={{env "APP_TOKEN"}}; [ -n "$word" ]' }
`;

// Each of these ends badly, with the secret in what a program says.
const FAILING = {
  'a validator that quotes what it reads': `tasks:
  - copy: { dest: /etc/secret-content, content: "other = {{db_password}}\\n", mode: "0600", validate: 'sh -c "cat %s >&2; exit 1"' }
    sensitive: true
`,
  'a command that quotes what it is given': `tasks:
  - command: { cmd: 'cat >&2; exit 1', stdin: '{{env "APP_TOKEN"}}' }
`,
  'a sensitive command that quotes a part of it': `tasks:
  - command: { cmd: 'cat >&2; exit 1', stdin: 'begin {{db_password}} end' }
    sensitive: true
`,
  'a handler that fails and stays pending': `tasks:
  - copy: { dest: /etc/secret-environment, content: 'again={{env "APP_TOKEN"}}', mode: "0600" }
    notify: tell
handlers:
  tell: { run: 'echo {{env "APP_TOKEN"}} >&2; exit 1' }
`,
} as const;

describe.skipIf(unavailable)('five planted secrets', () => {
  describe.each(['ssh', 'openssh'] as const)('through %s', (connection) => {
    let host: LabHost;
    let directory: string;
    const said: [string, string][] = [];
    const options = { env: { APP_TOKEN: ENV, HARDEN_BECOME_PASSWORD: 'lab-secret', TMPDIR: '', XDG_CACHE_HOME: '' } };

    beforeAll(async () => {
      host = await bootHost();
      directory = await folder({ 'playbook.yml': PLAYBOOK, 'vars.yml': `db_password: ${JSON.stringify(VARIABLE)}\n` });
      options.env.TMPDIR = await mkdtemp(join(tmpdir(), 'harden-secrets-'));
      options.env.XDG_CACHE_HOME = await mkdtemp(join(tmpdir(), 'harden-secrets-'));
      expect(host.sudoPassword).toBe(SECRETS['the password of sudo']);
    });
    afterAll(() => host?.stop());

    async function run(name: string, command: string, ...args: readonly string[]): Promise<Ran> {
      const login = [...hostArgs(host, 'admin1'), '--connection', connection];
      const ran = await harden([command, ...args, ...login], options);
      said.push([`${name}: stdout`, ran.stdout], [`${name}: stderr`, ran.stderr]);
      return ran;
    }
    const vars = () => ['-e', `@${join(directory, 'vars.yml')}`];

    test('are found nowhere but where they belong', async () => {
      const playbook = join(directory, 'playbook.yml');
      const planFile = join(directory, 'plan.json');
      const here = await sampleHere();
      await host.exec(`cat >/root/sample.sh`, {
        input: 'while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\000" " "; echo; done >/root/samples\n',
      });
      const sampler = host.exec('exec sh /root/sample.sh');
      const started = performance.now();

      expect((await run('plan', 'plan', playbook, '-v', ...vars())).exitCode).toBe(0);
      expect((await run('plan --json', 'plan', playbook, '--json', ...vars())).exitCode).toBe(0);
      expect((await run('plan --script', 'plan', playbook, '--script', ...vars())).exitCode).toBe(0);
      expect((await run('plan --out', 'plan', playbook, '--out', planFile, ...vars())).exitCode).toBe(0);
      said.push(['the plan file', await readFile(planFile, 'utf8')]);
      const applied = await run('apply PLANFILE', 'apply', planFile, '--yes', ...vars());
      expect(applied.exitCode, applied.stderr).toBe(0);
      expect(await onDisk(host)).toEqual(WHERE_THEY_BELONG);
      for (const [name, text] of Object.entries(FAILING)) {
        await writeFile(join(directory, 'failing.yml'), text);
        const failed = await run(name, 'apply', join(directory, 'failing.yml'), '--yes', ...vars());
        expect(failed.exitCode, name).toBe(1);
        expect(failed.stderr, name).toContain('********');
        await run(`${name} --json`, 'apply', join(directory, 'failing.yml'), '--yes', '--json', ...vars());
      }
      // The pending handler runs, its secret given anew.
      const healed = await run('apply --json', 'apply', playbook, '--yes', '--json', ...vars());
      expect(healed.exitCode, healed.stderr).toBe(0);
      const history = await run('history', 'history', '--json');
      const runs = (JSON.parse(history.stdout) as { hosts: { runs: { id: string }[] }[] }).hosts[0]?.runs ?? [];
      expect(runs.length).toBeGreaterThan(3);
      for (const { id } of runs) await run(`show ${id}`, 'show', id);

      // A file that was replaced meanwhile is kept for a rollback, secret and all, as closed as it was.
      const kept = (path: string) => /^\/var\/lib\/harden\/runs\/[^/]+\/\d+\/kept\/\d+\/item$/.test(path);
      const found = Object.entries(await onDisk(host)).map(([name, paths]) => [
        name,
        paths.filter((path) => !kept(path)),
      ]);
      expect(Object.fromEntries(found)).toEqual(WHERE_THEY_BELONG);
      expect(
        (await host.exec('find /var/lib/harden -perm /077 -path "*/kept/*" -type f ; stat -c %a /var/lib/harden'))
          .stdout,
      ).toBe('700');
      for (let undone = 0; undone < 6; undone++) {
        const back = await run('rollback', 'rollback', '--yes', runs.at(undone)?.id ?? '', '--discard-changes');
        expect([0, 1]).toContain(back.exitCode);
      }
      const seconds = (performance.now() - started) / 1000;
      await host.exec('kill $(pgrep -f "[s]h /root/sample.sh")');
      await sampler;
      said.push(['the process list of the host', (await host.exec('cat /root/samples; rm /root/samples')).stdout]);
      said.push(['the process list here', await here.stop()]);
      for (const name of await readdir(options.env.TMPDIR)) said.push(['what is left in TMPDIR', name]);

      const code = join(options.env.XDG_CACHE_HOME, 'harden', 'code');
      for (const name of await readdir(code)) {
        const text = await readFile(join(code, name));
        said.push(
          [`the code kept of ${name}`, text.toString('latin1')],
          [`the code kept of ${name}, two bytes a letter`, text.toString('utf16le')],
        );
      }
      expect(said.at(-1)?.[0]).toMatch(/^the code kept of/);

      const samples = said.filter(([name]) => name.startsWith('the process list'));
      for (const [name, text] of samples) expect(text.length, name).toBeGreaterThan(10_000);
      for (const [secret, value] of Object.entries(SECRETS)) {
        for (const form of forms(value))
          expect(
            said.filter(([, text]) => text.includes(form)).map(([name, text]) => `${name}: ${around(text, form)}`),
            secret,
          ).toEqual([]);
      }
      survived({
        section: 'secrets',
        fault: `five secrets planted, over \`--connection ${connection}\`: ${Object.keys(SECRETS).join('; ')}`,
        host: 'each is in the file that it was for (and in the copy of it that a later run kept, for root alone), nowhere else on the disk, and in no process list during the runs',
        next: `none in ${said.length} texts: stdout, stderr, JSON, saved plan, \`--script\`, errors, journal, kept code, here and there; a handler that failed ran with its secret given anew`,
        seconds,
      });
    });
  });
});

/** A value as it may stand in scripts, JSON and encodings. */
function forms(value: string): string[] {
  const encoded = Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -1);
  return [...new Set([value, value.replaceAll("'", `'\\''`), JSON.stringify(value).slice(1, -1), encoded])];
}

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 80), at + form.length + 40);
}

/** The files of the host that hold each secret, and the system's journal. */
async function onDisk(host: LabHost): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(SECRETS)) {
    const patterns = forms(value).join('\n');
    const { stdout } = await host.exec(
      `cat >/dev/shm/patterns
grep -rlaF -f /dev/shm/patterns / --exclude-dir=proc --exclude-dir=sys --exclude-dir=shm --exclude=samples 2>/dev/null | grep -vx '/etc/shadow-'
journalctl -a --no-pager | grep -F -f /dev/shm/patterns; rm /dev/shm/patterns`,
      { input: patterns },
    );
    found[name] = stdout.split('\n').filter(Boolean);
  }
  return found;
}

/** Gathers the command lines of this machine's processes until it is stopped. */
async function sampleHere(): Promise<{ stop(): Promise<string> }> {
  const script = 'while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\000" " "; echo; sleep 0.02; done';
  const sampler = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  sampler.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return {
    async stop() {
      sampler.kill('SIGKILL');
      return text;
    },
  };
}
