import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { validatePlaybook } from '../../src/playbook/resolve.ts';
import { loadVarsFile, type Vars } from '../../src/playbook/vars.ts';
import { ubuntu2404Facts } from '../support/facts.ts';
import { type Files, folderWith, ids, paragraphs, registry, resolveText } from './support.ts';

const full = `name: Docker host on {{facts.hostname}}
vars:
  admin: bob
  groups: [sudo, adm]
  home: "/home/{{admin}}"
tasks:
  - name: Create {{admin}}
    user: { name: "{{admin}}", shell: "{{home}}/sh", groups: "{{groups}}" }
    tags: [accounts, ssh]
    notify: reload
    sensitive: true
  - file: { path: "{{home}}/a", content: "{{json groups}}" }
handlers:
  reload: { check: nginx -t, run: "echo 'it''s' {{admin}}" }
audit: { docker_bench: { min_score: 40, fail_on: ["2.1"] } }
`;

test('a whole playbook', async () => {
  const { folder, tasks, ...rest } = await resolveText(full);
  expect(rest).toEqual({
    file: join(folder, 'playbook.yml'),
    name: 'Docker host on deb12',
    handlers: [
      {
        name: 'reload',
        check: "(set +eu; eval 'nginx -t')",
        run: `(set +eu; eval 'echo '\\''it'\\'''\\''s'\\'' bob')`,
      },
    ],
    audit: { docker_bench: { min_score: 40, fail_on: ['2.1'] }, effective: {} },
    secrets: [],
  });
  expect(tasks.map(({ type, ...task }) => ({ ...task, type: type.type }))).toEqual([
    {
      index: 0,
      type: 'user',
      name: 'Create bob',
      id: 'bob',
      params: { name: 'bob', shell: '/home/bob/sh', groups: ['sudo', 'adm'], state: 'present' },
      at: { file: join(folder, 'playbook.yml'), line: 7, column: 5 },
      tags: ['accounts', 'ssh'],
      notify: ['reload'],
      sensitive: true,
    },
    {
      index: 1,
      type: 'file',
      name: 'file /home/bob/a',
      id: '/home/bob/a',
      params: { path: '/home/bob/a', content: '["sudo","adm"]' },
      at: { file: join(folder, 'playbook.yml'), line: 12, column: 5 },
      tags: [],
      notify: [],
      sensitive: false,
    },
  ]);
});

test('sources are the playbook and its includes, each once', async () => {
  const folder = await folderWith({ 'p.yml': 'tasks:\n  - include: a/b.yml\n  - include: a/b.yml\n', 'a/b.yml': '[]' });
  const { sources, name, file } = await loadPlaybook(join(folder, 'p.yml'), registry);
  expect(sources).toEqual([
    { file: join(folder, 'p.yml'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    { file: join(folder, 'a/b.yml'), sha256: '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945' },
  ]);
  expect({ name, file }).toEqual({ name: 'p', file: join(folder, 'p.yml') });
});

test('a task that has no name is named in one line', async () => {
  const script = `set -e\n      ${'touch /a\n      '.repeat(30)}`;
  const { tasks } = await resolveText(`tasks:\n  - user:\n      name: |\n        a\n          b\n  - flag:\n`);
  expect(tasks.map(({ name }) => name)).toEqual(['user a b', 'flag flag']);
  const long = await resolveText(`tasks:\n  - file:\n      path: |\n        /${script.replaceAll('\n', '\n  ')}\n`);
  expect(long.tasks[0]?.name).toMatch(/^file \/set -e touch \/a .{0,60}…$/);
});

describe('what YAML allows', () => {
  test.each<[string, string | Buffer, string[]]>([
    ['a byte order mark', '\ufefftasks:\n  - user: { name: bob }\n', ['user bob']],
    ['CRLF', 'tasks:\r\n  - user:\r\n      name: bob\r\n', ['user bob']],
    ['aliases', 'vars: { a: &a { name: bob } }\ntasks:\n  - user: *a\n', ['user bob']],
    [
      'merge keys, own keys first',
      'vars: { a: &a { name: bob, shell: /bin/sh } }\ntasks:\n  - user: { <<: *a, name: eve }\n',
      ['user eve'],
    ],
    ['JSON', '{"tasks": [{"user": {"name": "bob"}}]}', ['user bob']],
    ['explicit 1.2', '%YAML 1.2\n---\ntasks:\n  - user: { name: no }\n', ['user no']],
    ['no for text', 'tasks:\n  - user: { name: no }\n', ['user no']],
    ['a type without parameters', 'tasks:\n  - flag:\n', ['flag flag']],
    ['the same task twice', 'tasks:\n  - user: { name: bob }\n  - user: { name: bob }\n', ['user bob', 'user bob']],
  ])('%s', async (_title, text, expected) => {
    expect(ids((await resolveText(text)).tasks)).toEqual(expected);
  });
});

describe('a value of an expression becomes the type that the schema asks for', () => {
  test.each<[string, Vars, unknown]>([
    ['uid: "{{v}}"', { v: '12' }, 12],
    ['shell: "{{v}}"', { v: '/1' }, '/1'],
    ['name: "{{v}}"', { v: 12 }, '12'],
    ['create_home: "{{v}}"', { v: 'yes' }, true],
    ['create_home: "{{v}}"', { v: 'false' }, false],
    ['expires: "{{v}}"', { v: '5' }, 5],
    ['expires: "{{v}}"', { v: 'never' }, 'never'],
    ['groups: ["{{v}}"]', { v: 12 }, ['12']],
    ['groups: "{{v}}"', { v: ['a', 1] }, ['a', '1']],
    ['limits: "{{v}}"', { v: { a: 1, b: 'c' } }, { a: 1, b: 'c' }],
    ['limits: { "{{v}}": 1 }', { v: 'key' }, { key: 1 }],
  ])('%s with %j', async (text, vars, expected) => {
    const { tasks } = await resolveText(
      `tasks:\n  - user: { ${text.startsWith('name') ? '' : 'name: bob, '}${text} }\n`,
      { vars },
    );
    expect((tasks[0]!.params as Record<string, unknown>)[text.split(':')[0] ?? '']).toEqual(expected);
  });
});

describe('each', () => {
  test.each<[string, string, string[]]>([
    ['texts', 'user: { name: "u{{item}}" }\n    each: [a, 1, true]', ['user ua', 'user u1', 'user utrue']],
    ['maps', 'user: { name: "{{item.n}}" }\n    each: [{ n: a }, { n: b }]', ['user a', 'user b']],
    ['whole parameters', 'user: "{{item}}"\n    each: [{ name: a }, { name: b }]', ['user a', 'user b']],
    ['an expression', 'user: { name: "{{item}}" }\n    each: "{{names}}"', ['user ann', 'user ben']],
    ['expressions in the list', 'user: { name: "{{item}}" }\n    each: ["{{names.[1]}}", x]', ['user ben', 'user x']],
    ['nothing', 'user: { name: "{{item}}" }\n    each: []', []],
    [
      'a condition on the item',
      'user: { name: "{{item.n}}" }\n    each: [{ n: a, on: true }, { n: b, on: false }]\n    when: { item.on: true }',
      ['user a'],
    ],
    [
      'a list that is not made where the task does not apply',
      'user: { name: "{{item}}" }\n    each: "{{nope}}"\n    when: { facts.os.id: arch }',
      [],
    ],
  ])('%s', async (_title, text, expected) => {
    const { tasks } = await resolveText(`vars: { names: [ann, ben] }\ntasks:\n  - ${text}\n`);
    expect(ids(tasks)).toEqual(expected);
  });

  test('names each task by its item', async () => {
    const { tasks } = await resolveText(
      'tasks:\n  - name: Create {{item}}\n    user: { name: "{{item}}" }\n    each: [a, b]\n',
    );
    expect(tasks.map(({ name, index }) => [name, index])).toEqual([
      ['Create a', 0],
      ['Create b', 1],
    ]);
  });
});

describe('when and unless', () => {
  test.each<[string, string | undefined]>([
    ['when: { facts.os.id: debian }', undefined],
    ['when: { facts.os.id: ubuntu }', 'facts.os.id is debian, not ubuntu'],
    ['when: { facts.os.id: [ubuntu, debian] }', undefined],
    ['when: { facts.os.version: 12 }', undefined],
    ['when: { facts.os.version: "12", facts.arch: aarch64 }', 'facts.arch is x86_64, not aarch64'],
    ['when: { facts.systemd: true }', undefined],
    ['when: { role: web }', undefined],
    ['when: { role: [db, cache] }', 'role is not db or cache'],
    ['when: { role: "{{wanted}}" }', 'role is not what is asked'],
    ['when: { roles: web }', undefined],
    ['when: { deep.er.key: 1 }', undefined],
    ['when: { nothing: null }', undefined],
    ['unless: { facts.os.id: debian }', 'facts.os.id is debian'],
    ['unless: { facts.os.id: debian, facts.arch: aarch64 }', undefined],
    ['unless: { role: web, facts.os.id: debian }', 'role is web, facts.os.id is debian'],
    ['when: { role: web }\n    unless: { role: web }', 'role is web'],
  ])('%s', async (text, expected) => {
    const vars = 'vars: { role: web, wanted: db, roles: [db, web], deep: { er: { key: "1" } }, nothing: null }';
    const { tasks } = await resolveText(`${vars}\ntasks:\n  - user: { name: bob }\n    ${text}\n`);
    expect(tasks.map(({ skipped }) => skipped)).toEqual([expected]);
  });

  test('a task that does not apply is neither rendered nor compared', async () => {
    const { tasks } = await resolveText(
      'tasks:\n  - name: N{{facts.arch}}\n    user: { name: "{{nope}}" }\n    when: { facts.os.id: arch }\n  - name: "{{nope}}"\n    user: { name: "{{facts}}" }\n    when: { facts.os.id: arch }\n',
    );
    expect(tasks.map(({ name, params, id, skipped }) => ({ name, params, id, skipped }))).toEqual([
      { name: 'Nx86_64', params: null, id: '', skipped: 'facts.os.id is debian, not arch' },
      { name: 'user', params: null, id: '', skipped: 'facts.os.id is debian, not arch' },
    ]);
  });
});

describe('includes', () => {
  const files = {
    'playbook.yml':
      'vars: { a: outer, c: outer }\ntasks:\n  - include: sub/one.yml\n    vars: { b: "site-{{a}}" }\n    tags: [inner]\n  - user: { name: last }\n',
    'sub/one.yml':
      'vars: { a: own, b: own, d: own }\ntasks:\n  - user: { name: "{{a}}-{{d}}" }\n    tags: [x]\n  - file: { path: "/{{b}}", content: \'{{file "text"}}\', mode: "0600" }\nhandlers:\n  h: { run: "echo {{d}}" }\naudit: { docker_bench: }\n',
    'sub/text': 'from sub\n',
  };

  test('the outside wins, paths start at the included file, tags add up', async () => {
    const { tasks, handlers, audit, folder } = await resolveText(files);
    expect(ids(tasks)).toEqual(['user outer-own', 'file /site-outer', 'user last']);
    expect(tasks.map(({ tags }) => tags)).toEqual([['inner', 'x'], ['inner'], []]);
    expect(tasks[1]?.params).toEqual({ path: '/site-outer', content: 'from sub', mode: '0600' });
    expect(tasks[0]?.at).toEqual({ file: join(folder, 'sub/one.yml'), line: 3, column: 5 });
    expect(handlers).toEqual([{ name: 'h', run: "(set +eu; eval 'echo own')" }]);
    expect(audit).toEqual({ docker_bench: {}, effective: {} });
  });

  test.each([
    ['./profile', (folder: string) => join(folder, 'sub/profile')],
    ['../profile', (folder: string) => join(folder, 'profile')],
    ['/srv/profile', () => '/srv/profile'],
    ['https://example.com/profile.tar.gz', () => 'https://example.com/profile.tar.gz'],
  ])('the InSpec profile %s starts where its playbook is', async (profile, expected) => {
    const { audit, folder } = await resolveText({
      'playbook.yml': 'tasks:\n  - include: sub/one.yml\n',
      'sub/one.yml': `tasks:\n  - user: { name: a }\naudit: { inspec: { profile: "${profile}" } }\n`,
    });
    expect(audit).toEqual({ inspec: { profile: expected(folder) } });
  });

  test('variables from outside win everywhere', async () => {
    const { tasks } = await resolveText(files, { vars: { a: 'cli', b: 'cli', d: 'cli' } });
    expect(ids(tasks)).toEqual(['user cli-cli', 'file /cli', 'user last']);
  });

  test('a condition of the include leaves all of its tasks out', async () => {
    const text = 'tasks:\n  - include: a.yml\n    when: { facts.os.id: ubuntu }\n';
    const a = '- user: { name: a }\n- user: { name: b }\n  when: { facts.arch: x86_64 }\n';
    const { tasks } = await resolveText({ 'playbook.yml': text, 'a.yml': a });
    expect(tasks.map(({ skipped }) => skipped)).toEqual(Array(2).fill('facts.os.id is debian, not ubuntu'));
    expect(ids((await resolveText({ 'playbook.yml': text, 'a.yml': a }, { facts: ubuntu2404Facts })).tasks)).toEqual([
      'user a',
      'user b',
    ]);
  });

  test('one file may be included twice, with other variables', async () => {
    const { tasks } = await resolveText({
      'playbook.yml': 'tasks:\n  - include: a.yml\n    vars: { n: x }\n  - include: a.yml\n    vars: { n: y }\n',
      'a.yml': 'tasks:\n  - user: { name: "{{n}}" }\nhandlers:\n  h: { run: "true" }\n',
    });
    expect(ids(tasks)).toEqual(['user x', 'user y']);
  });
});

describe('variables', () => {
  test('those from outside are rendered too, and show where they stand', async () => {
    const own = await folderWith({
      'v.yml': 'a: "{{b}}-{{nope}}"\n',
      'w.yml': 'a: \'{{b}}-{{file "t"}}\'\nb: 1\n',
      t: 'beside\n',
    });
    const text = 'tasks:\n  - user: { name: "{{a}}" }\n';
    const good = { ...(await loadVarsFile(join(own, 'w.yml'))), b: 2 };
    expect(ids((await resolveText(text, { vars: good })).tasks)).toEqual(['user 2-beside']);
    const bad = { ...(await loadVarsFile(join(own, 'v.yml'))), ...{ b: 2 } };
    expect(await paragraphs(() => resolveText(text, { vars: bad }))).toEqual([
      'v.yml:1:11: `nope` is not defined. Define it under `vars:`, or with -e.',
    ]);
    expect(await paragraphs(() => resolveText(text, { vars: { a: '{{nope}}' } }))).toEqual([
      'The variable `a`, which was given from outside: `nope` is not defined. Define it under `vars:`, or with -e.',
    ]);
  });

  test('one that nobody uses need not be right', async () => {
    expect(ids((await resolveText('vars: { a: \'{{env "NOPE"}}\' }\ntasks:\n  - flag:\n')).tasks)).toEqual([
      'flag flag',
    ]);
  });

  test('one that is overridden is not rendered', async () => {
    const { secrets } = await resolveText('vars: { a: \'{{env "S"}}\' }\ntasks:\n  - user: { name: "{{a}}" }\n', {
      vars: { a: 'x' },
      env: { S: 'secret' },
    });
    expect(secrets).toEqual([]);
  });

  test('secrets are the values of a sensitive task, but for where it stands and what is too short', async () => {
    const text = `vars: { word: "in use", place: /etc/placed, other: unused }
tasks:
  - file: { path: "{{place}}", content: "key = {{word}}" }
    sensitive: true
  - file: { path: /etc/b, content: "{{other}}" }
  - file: { path: /etc/c, content: short }
    sensitive: true
`;
    expect([...(await resolveText(text)).secrets].sort()).toEqual(['in use', 'key = in use']);
  });

  test('secrets are what env gave and what types say', async () => {
    const text =
      "vars: { h: '{{env \"S\"}}' }\ntasks:\n  - user: { name: bob, password_hash: '${{h}}' }\n  - user: { name: eve, password_hash: $6$x }\n    when: { facts.os.id: debian }\n";
    expect((await resolveText(text, { env: { S: 'secret' } })).secrets).toEqual(['secret', '$secret', '$6$x']);
  });
});

describe('tags', () => {
  const text = `tasks:
  - user: { name: owner }
    tags: accounts, base
  - user: { name: other }
    tags: [accounts]
  - file: { path: /etc/flags, owner: owner }
  - flag:
    tags: [flags]
  - user: { name: always }
    tags: [always]
  - user: { name: never }
    tags: [never, extra]
`;
  test.each<[string[] | undefined, string[] | undefined, string[]]>([
    [undefined, undefined, ['user owner', 'user other', 'file /etc/flags', 'flag flag', 'user always']],
    [['base'], undefined, ['user owner', 'user always']],
    [['flags'], undefined, ['user owner', 'file /etc/flags', 'flag flag', 'user always']],
    [['flags'], ['accounts'], ['file /etc/flags', 'flag flag', 'user always']],
    [['flags'], ['always'], ['user owner', 'file /etc/flags', 'flag flag']],
    [undefined, ['accounts'], ['file /etc/flags', 'flag flag', 'user always']],
    [['extra'], undefined, ['user always', 'user never']],
    [['base', 'accounts'], undefined, ['user owner', 'user other', 'user always']],
  ])('--tags %j --skip-tags %j', async (tags, skipTags, expected) => {
    const { tasks } = await resolveText(text, { ...(tags ? { tags } : {}), ...(skipTags ? { skipTags } : {}) });
    expect(ids(tasks)).toEqual(expected);
    expect(tasks.map(({ index }) => index)).toEqual(tasks.map((_, index) => index));
  });

  test('bring what makes a directory above, not what only stands in it', async () => {
    const files = `tasks:
  - file: { path: /deep/er/dir }
  - file: { path: /deep/other }
  - file: { path: /etc/a }
  - file: { path: /etc/b }
    tags: [b]
  - file: { path: /deep/er/x/y/z }
    tags: [b]
  - user: { name: late }
`;
    expect(ids((await resolveText(files, { tags: ['b'] })).tasks)).toEqual(['file /etc/b', 'file /deep/er/x/y/z']);
    const flag =
      'tasks:\n  - file: { path: /etc/flags/deep }\n  - file: { path: /etc/flags }\n  - flag:\n    tags: [b]\n';
    expect(ids((await resolveText(flag, { tags: ['b'] })).tasks)).toEqual(['file /etc/flags', 'flag flag']);
    const deep = 'tasks:\n  - file: { path: /deep/er/dir }\n  - flag: { at: /deep/er }\n    tags: [b]\n';
    expect(ids((await resolveText(deep, { tags: ['b'] })).tasks)).toEqual(['file /deep/er/dir', 'flag flag']);
  });

  test('one that no task has is an error', async () => {
    expect(await paragraphs(() => resolveText(text, { tags: ['acounts'], skipTags: ['zzz'] }))).toEqual([
      'No task has the tag `acounts`. Did you mean `accounts`?',
      'No task has the tag `zzz`. There are accounts, base, flags, extra.',
    ]);
  });

  test('what only this machine lacks does not matter for tasks that are left out; mistakes do', async () => {
    const playbook = (broken: string) => `tasks:\n  - user: { name: ${broken} }\n  - flag:\n    tags: [flags]\n`;
    expect(ids((await resolveText(playbook('\'{{env "NOPE"}}\''), { tags: ['flags'] })).tasks)).toEqual(['flag flag']);
    expect(await paragraphs(() => resolveText(playbook('1'), { tags: ['flags'] }))).toHaveLength(1);
  });
});

describe('validate', () => {
  const check = async (files: Files, vars: Vars = {}) => {
    const folder = await folderWith(
      typeof files === 'string' ? { 'playbook.yml': files } : (files as Record<string, string>),
    );
    validatePlaybook(await loadPlaybook(join(folder, 'playbook.yml'), registry), { vars, env: {}, home: folder });
  };

  test('checks what a condition on facts leaves out', async () => {
    const text =
      'tasks:\n  - user: { name: 1 }\n    when: { facts.os.id: ubuntu }\n  - user: { name: 2 }\n    unless: { facts.os.id: debian }\n';
    expect(await paragraphs(() => check(text))).toEqual([
      'playbook.yml:2:19: `name` must be text, and this is a number. Put it in quotes: "1".',
      'playbook.yml:4:19: `name` must be text, and this is a number. Put it in quotes: "2".',
    ]);
  });

  test('checks what an include leaves out by facts', async () => {
    const text = 'tasks:\n  - include: a.yml\n    when: { facts.os.id: ubuntu }\n';
    expect(await paragraphs(() => check({ 'playbook.yml': text, 'a.yml': '- user: { name: 1 }\n' }))).toHaveLength(1);
  });

  test('does not check what a condition on variables leaves out', async () => {
    const text =
      'vars: { on: false }\ntasks:\n  - user: { name: "{{nope}}" }\n    when: { on: true, facts.os.id: ubuntu }\n';
    await expect(check(text)).resolves.toBeUndefined();
    await expect(check(text, { on: true })).rejects.toThrow('`nope` is not defined');
  });

  test('takes tasks for different systems as no conflict', async () => {
    const text =
      'tasks:\n  - user: { name: bob, uid: 1 }\n    when: { facts.os.id: ubuntu }\n  - user: { name: bob, uid: 2 }\n    unless: { facts.os.id: ubuntu }\n';
    await expect(check(text)).resolves.toBeUndefined();
  });
});
