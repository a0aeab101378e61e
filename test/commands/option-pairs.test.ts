import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { runProgram } from '../../src/program.ts';
import type { Io } from '../../src/report/io.ts';
import { Masker } from '../../src/text/masker.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'harden-pairs-'));
  const files = {
    'p.yml':
      'vars: { admin: a, unused: 1 }\ntasks:\n  - { file: { path: /srv/x, state: directory }, tags: [x] }\n  - { template: { src: t.hbs, dest: /etc/t }, tags: [x] }\n',
    't.hbs': '{{ only_in_template }}\n',
    'i.yml': 'hosts: { web1: { address: 127.0.0.1, port: 1 }, web2: { address: 127.0.0.1, port: 1 } }\n',
    'c.yml': 'services: { a: { image: "x:1" } }\n',
    'p.plan': signed({
      harden_plan: 1,
      tool: '0',
      at: '',
      playbook: join(directory, 'p.yml'),
      called: join(directory, 'p.yml'),
      sources: [],
      vars: {},
      named: { host: ['127.0.0.1:1'] },
      hosts: [],
    }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
});

/** A saved plan with the sum that says that nobody has edited it. */
function signed(plan: object): string {
  const sum = createHash('sha256').update(JSON.stringify(plan)).digest('hex');
  return JSON.stringify({ ...plan, sum });
}

/** Runs a command line, in which `@` stands for the folder with the files; nobody listens where its hosts are. */
async function run(line: string): Promise<{ code: number; said: string }> {
  let said = '';
  const write = (text: string): void => {
    said += text;
  };
  const io: Io = {
    ...{
      out: write,
      err: write,
      live: undefined,
      interactive: false,
      interrupt: () => {},
      colour: false,
      columns: 80,
      masker: new Masker(),
    },
    ...{ env: {}, home: directory, cwd: directory, signal: new AbortController().signal },
  };
  const args = line.split(' ').map((word) => (word === "''" ? '' : word.replace(/^@(?=\w)/, `${directory}/`)));
  try {
    return { code: await runProgram(args, io), said };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { code: error.exitCode, said: `${said}${error.paragraph}` };
  }
}

const H = '-H 127.0.0.1:1';

describe('refused before any host is asked', () => {
  test.each([
    // two ways of naming hosts
    ['plan @p.yml -i @i.yml -H web1', 'write -l web1'],
    ['apply @p.yml -i @i.yml -H root@web1:22 -H web2 --yes', 'write -l web1,web2'],
    ['history -i @i.yml -H web1', '-H names a host beside the inventory'],
    ['rollback -i @i.yml -H web1 --yes', '-H names a host beside the inventory'],
    ['audit -i @i.yml -H web1', '-H names a host beside the inventory'],
    ['plan @p.yml -i @i.yml --vagrant', '--vagrant names machines beside the inventory'],
    ['plan @p.yml --vagrant web -H web1', '--vagrant names machines beside the host web1'],
    ['plan @p.yml -H web1 -l web1', 'none was given'],
    ['plan @p.yml --vagrant -l web1', 'none was given'],
    ['plan @p.yml -i @i.yml -l nobody', '`nobody` is no host or group'],
    ['plan @p.yml -i @i.yml -l web1,!web1', 'leaves no host'],
    // this machine in place of another
    ['plan @p.yml -i @i.yml --connection local', '--connection local is this machine, and web1 names another'],
    ['apply @p.yml -H web1 --connection local --yes', '--connection local is this machine, and web1 names another'],
    ['plan @p.yml --vagrant --connection local', '--vagrant names another'],
    ['plan @p.yml -H local --identity k', '--identity is for ssh'],
    ['plan @p.yml --connection local --accept-new', '--accept-new is for ssh'],
    // tasks and variables that are not there
    ['validate @p.yml -t typo', 'No task has the tag `typo`'],
    ['validate @p.yml --skip-tags typo', 'No task has the tag `typo`'],
    ['validate @p.yml -e admn=b', 'Did you mean `admin`?'],
    [`plan @p.yml ${H} -e nothing=b`, 'speaks of a variable `nothing`'],
    [`apply @p.yml ${H} -e nothing=b --yes`, 'speaks of a variable `nothing`'],
    [`audit ${H} -e admin=b`, 'none is named'],
    [`audit --compose @c.yml --vars-file v`, 'none is named'],
    [`audit ${H} -t x`, "unknown option '-t'"],
    // a saved plan
    ['apply @p.plan -t x --yes', '-t chooses what a plan is made of'],
    ['apply @p.plan --skip-tags x --yes', '--skip-tags chooses what a plan is made of'],
    ['apply @p.plan --i-know ssh-off-at-boot --yes', '--i-know chooses what a plan is made of'],
    // conditions that no audit would meet
    [`audit ${H} --only effective --min-score 3`, 'is among these audits'],
    [`audit ${H} --only effective --trusted-users a`, 'is among these audits'],
    [`audit ${H} --only effective --docker-bench d`, 'not among these audits'],
    [`audit ${H} --only effective --require-digest`, 'not among these audits'],
    [`audit ${H} --overwrite`, 'none is named'],
    ['audit --compose @c.yml --trusted-users a', 'for the audits of a host'],
    ['audit --compose @c.yml --patch --junit j', 'Run them one after the other'],
    ['audit --compose @c.yml --patch --report r', 'Run them one after the other'],
    [`audit --compose @c.yml --patch ${H}`, 'Leave out --json and the hosts'],
    // one value, given twice
    ['plan @p.yml -i @i.yml -i @i.yml', 'stands there twice'],
    [`plan @p.yml ${H} --out a --out b`, 'stands there twice'],
    [`audit ${H} --baseline a --baseline b`, 'stands there twice'],
    [`audit ${H} --min-score 1 --min-score 2`, 'stands there twice'],
    [`plan @p.yml ${H} -f 1 -f 2`, 'stands there twice'],
  ])('%s', async (line, says) => {
    const { code, said } = await run(line);
    expect(code, said).toBe(64);
    expect(said).toContain(says);
    expect(said).not.toContain('connecting');
  });
});

describe('an empty value, as an unset variable leaves it, is refused', () => {
  const values = {
    plan: '-H -i -l --vagrant --connection --identity -F --known-hosts --connect-timeout -f -e --vars-file -t --skip-tags --i-know --out',
    apply: '--guard-timeout --docker-bench --report --junit --sarif -l',
    audit:
      '--suggest --compose --dockerfile --allowed-registries --max-age-days --only --inspec --min-score --fail-on --baseline --trusted-users -l',
    rollback: '--guard-timeout -l -H',
    validate: '-e -t',
  };
  const lines = Object.entries(values).flatMap(([command, options]) =>
    options
      .split(' ')
      .map((option) => `${command} ${/plan|apply|validate/.test(command) ? '@p.yml ' : ''}${option} ''`),
  );
  test.each([...lines, "plan ''", "apply '' -H web1", "show ''", "rollback ''", "init ''", "tasks ''", "validate ''"])(
    '%s',
    async (line) => {
      const { code, said } = await run(line);
      expect(code, said).toBe(64);
      expect(said).toMatch(/names nothing|Allowed choices/);
    },
  );
});

describe('taken', () => {
  test.each([
    'plan @p.yml -i @i.yml -l web1 -l web2',
    'plan @p.yml -H 127.0.0.1:1 -H 127.0.0.1:2 -e admin=b',
    'plan @p.yml -H 127.0.0.1:1 -e only_in_template=b',
    'plan @p.yml -H 127.0.0.1:1 -t x -t x --identity a --identity b',
    'audit @p.yml -H 127.0.0.1:1 -e admin=b --require-digest',
  ])('%s', async (line) => {
    const { code, said } = await run(line);
    expect(code, said).toBe(1);
    expect(said).toMatch(/connection refused|does not exist/);
  });
});
