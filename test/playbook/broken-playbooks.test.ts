import { describe, expect, test } from 'vitest';
import { PlaybookErrors } from '../../src/playbook/problems.ts';
import { type Files, paragraphs, resolveText } from './support.ts';

/** A task list with one task, whose first line is line 2 of the file. */
const task = (text: string) => `tasks:\n  - ${text}\n`;
/** A user task with these parameters besides its name; they start in line 4. */
const user = (text: string) => `tasks:\n  - user:\n      name: bob\n      ${text}\n`;

type Case = [title: string, files: Files, ...expected: string[]];

const yaml: Case[] = [
  ['an empty file', '', 'playbook.yml:1:1: playbook.yml is empty. Write name: and tasks:'],
  ['comments alone', '# nothing\n', 'playbook.yml:1:1: playbook.yml is empty. Write name: and tasks:'],
  [
    'a tab',
    'tasks:\n\t- user: { name: bob }\n',
    'playbook.yml:2:1: A tab indents this line. YAML allows spaces alone: replace the tab.',
  ],
  [
    'a key that stands twice',
    'name: a\ntasks: []\nname: b\n',
    'playbook.yml:3:1: `name` stands twice in this map, first in line 1. Remove one of them.',
  ],
  [
    'an expression without quotes',
    user('shell: {{ shell }}'),
    'playbook.yml:4:14: `{{` without quotes is a YAML map. Put the whole value in quotes: "{{name}}".',
  ],
  [
    'text after an expression without quotes',
    user('shell: {{home}}/bin'),
    'playbook.yml:4:14: `{{` without quotes is a YAML map. Put the whole value in quotes: "{{name}}".',
  ],
  [
    'an expression without quotes in a list',
    'vars:\n  list:\n    - {{ env "A" }}\ntasks: []\n',
    'playbook.yml:3:7: `{{` without quotes is a YAML map. Put the whole value in quotes: "{{name}}".',
  ],
  [
    '%YAML 1.1',
    '%YAML 1.1\n---\ntasks: []\n',
    'playbook.yml:1:1: YAML 1.1 would read `no` as false and `0644` as 420. Remove the `%YAML` line: harden reads YAML 1.2.',
  ],
  [
    'a second document',
    'tasks: []\n---\ntasks: []\n',
    'playbook.yml:2:1: A second YAML document starts here. Keep one document in a file: remove the `---`, or split the file.',
  ],
  [
    'an alias without an anchor',
    'vars: { a: &admin bob, b: *admn }\ntasks: []\n',
    'playbook.yml:1:27: `*admn` stands for nothing: no `&admn` comes before it. Did you mean `admin`?',
  ],
  [
    'a value that is part of itself',
    'vars: &vars\n  a: *vars\ntasks: []\n',
    'playbook.yml:2:6: `*vars` stands for a value that it is part of.',
  ],
  [
    'a merge of something that is no map',
    'vars: { <<: text }\ntasks: []\n',
    'playbook.yml:1:9: `<<` merges maps, and this is none. Write an alias of a map: <<: *name.',
  ],
  [
    'a tag',
    user('shell: !vault x'),
    'playbook.yml:4:14: The YAML tag `!vault` is not known. Take secrets from the environment: "{{env "NAME"}}", in single quotes.',
  ],
  [
    'a tag of YAML 1.1',
    user('groups: !!set {a}'),
    'playbook.yml:4:21: The YAML tag `!!set` has no meaning here. Remove it.',
  ],
  [
    'an open quote',
    'name: "a\ntasks: []\n',
    'playbook.yml:3:1: A quote is opened here, or before, and not closed. Close it, or double it where the text itself has one.',
  ],
  [
    'a colon inside of a value',
    'name: a: b\ntasks: []\n',
    'playbook.yml:1:7: This line is a key and a value, and its value looks like another key. Quote a value that holds a colon, or put the inner key on its own line, indented deeper.',
  ],
  [
    'a reserved sign',
    user('shell: @x'),
    'playbook.yml:4:14: A value cannot start with `@` unless it is quoted. Put it in quotes.',
  ],
  [
    'a colon that is missing',
    'name: a\ntasks\n',
    'playbook.yml:2:1: `tasks` is neither a key nor a value here. Is a colon missing after it, or is it not indented deep enough?',
  ],
  [
    'a binary file',
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]),
    'The playbook playbook.yml is not a text file. Name a YAML file in UTF-8.',
  ],
  [
    'Latin-1',
    Buffer.from([0x6e, 0x3a, 0x20, 0xe9]),
    'The playbook playbook.yml is not a text file. Name a YAML file in UTF-8.',
  ],
  ['UTF-16', Buffer.from('\ufefftasks: []', 'utf16le'), 'The playbook playbook.yml is UTF-16. Save it as UTF-8.'],
  [
    'a vault',
    '$ANSIBLE_VAULT;1.1;AES256\n6162\n',
    'The playbook playbook.yml is encrypted with ansible-vault. Decrypt it, or take secrets from the environment with {{env "NAME"}}.',
  ],
  ['a NUL byte', 'name: "a\\0b"\ntasks: []\n', 'playbook.yml:1:7: A text cannot hold a NUL byte. Remove the \\0.'],
  [
    'aliases of aliases of aliases',
    `vars:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${[1, 2, 3, 4, 5, 6].map((n) => `  a${n}: &a${n} [${`*a${n - 1},`.repeat(10)}]\n`).join('')}tasks: []\n`,
    'playbook.yml:6:40: The aliases of this file stand for far too many values.',
  ],
  [
    'a map as a key',
    'vars: { ? {a: b} : c, d: e }\ntasks: []\n',
    'playbook.yml:1:11: A key must be text. Put an expression in quotes: "{{name}}".',
  ],
];

const structure: Case[] = [
  ['a missing file', { 'playbok.yml': '' }, 'The playbook playbook.yml does not exist. Did you mean playbok.yml?'],
  [
    'a directory',
    { 'playbook.yml/site.yml': '' },
    'The playbook playbook.yml is a directory. Name a file in it: site.yml.',
  ],
  ['text', 'hello\n', 'playbook.yml:1:1: A playbook must be a map, and this is text. Write name: and tasks:'],
  [
    'a list',
    '- user: { name: bob }\n',
    'playbook.yml:1:1: A playbook must be a map, and this is a list. Write `tasks:` above the list, and indent it.',
  ],
  [
    'an Ansible play',
    '- hosts: all\n  tasks: []\n',
    'playbook.yml:1:1: A playbook must be a map, and this is a list. Ansible plays become one map without the dash: name:, vars:, tasks:; hosts are named on the command line.',
  ],
  [
    'unknown keys, all at once',
    'hosts: all\ntask: []\nfoo: 1\n',
    'playbook.yml:1:1: A playbook has no key `hosts`. Hosts are named on the command line: -H user@host, or -i inventory.yml with -l pattern.',
    'playbook.yml:1:1: playbook.yml has no `tasks:`. Did you mean `task`?',
    'playbook.yml:2:1: A playbook has no key `task`. Did you mean `tasks`?',
    'playbook.yml:3:1: A playbook has no key `foo`. There are name, vars, tasks, handlers, audit.',
  ],
  [
    'tasks without dashes',
    'tasks:\n  user: { name: bob }\n',
    'playbook.yml:2:3: `tasks` must be a list, and this is a map. Put a dash before each task: - name: ….',
  ],
  [
    'tasks without a value',
    'tasks:\n',
    'playbook.yml:1:1: `tasks` must be a list, and this is empty. Put a dash before each task: - name: ….',
  ],
  [
    'a task that is text',
    task('user'),
    'playbook.yml:2:5: A task must be a map, and this is text. Write - name: … and a task type with its parameters.',
  ],
  [
    'a task without a type',
    task('name: nothing'),
    'playbook.yml:2:5: This task does nothing: it names no task type. Add one, such as `user:`.',
  ],
  [
    'two types',
    'tasks:\n  - user: { name: bob }\n    file: { path: /a }\n',
    'playbook.yml:3:5: This task has two types: `user` and `file`. Write two tasks, each with a dash of its own.',
  ],
  [
    'an unknown type',
    task('usr: { name: bob }'),
    'playbook.yml:2:5: There is no task type `usr`. Did you mean `user`?',
  ],
  [
    'a type like no other',
    task('kubernetes: {}'),
    'playbook.yml:2:5: There is no task type `kubernetes`. `harden tasks` lists them.',
  ],
  [
    "a type with Ansible's prefix",
    task('ansible.builtin.user: { name: bob }'),
    'playbook.yml:2:5: There is no task type `ansible.builtin.user`. Write `user`.',
  ],
  [
    'a type known by another name',
    task('replace: {}'),
    'playbook.yml:2:5: There is no task type `replace`. Its name here is `file`.',
  ],
  [
    "a word of Ansible's",
    'tasks:\n  - user: { name: bob }\n    loop: [a]\n',
    'playbook.yml:3:5: A task has no key `loop`. Write `each:`.',
  ],
  [
    'a common key with a slip',
    'tasks:\n  - user: { name: bob }\n    notfy: x\n',
    'playbook.yml:3:5: A task has no key `notfy`. Did you mean `notify`?',
  ],
  [
    'parameters that are not indented',
    'tasks:\n  - user:\n    shell: /bin/sh\n',
    'playbook.yml:3:5: A task has no key `shell`. Indent it deeper than `user:` if it is a parameter of it.',
  ],
  [
    'an unknown handler',
    'tasks:\n  - user: { name: bob }\n    notify: [restrt]\nhandlers:\n  restart: { run: "true" }\n',
    'playbook.yml:3:14: There is no handler `restrt`. Did you mean `restart`?',
  ],
  [
    'a handler without handlers',
    'tasks:\n  - flag:\n    notify: restart\n',
    'playbook.yml:3:13: There is no handler `restart`. Write it under `handlers:`.',
  ],
  [
    'handlers that do nothing',
    'tasks: []\nhandlers:\n  a: { check: "true" }\n  b: echo\n  c: { runs: echo, run: echo }\n',
    'playbook.yml:3:3: The handler `a` has no `run`. Write handlers: { reload nginx: { check: nginx -t, run: systemctl reload nginx } }.',
    'playbook.yml:4:6: The handler `b` must be a map, and this is text. Write handlers: { reload nginx: { check: nginx -t, run: systemctl reload nginx } }.',
    'playbook.yml:5:8: A handler has no key `runs`. Did you mean `run`?',
  ],
  [
    'a variable with a bad name',
    'vars:\n  my-name: a\n  file: b\ntasks: []\n',
    'playbook.yml:2:3: `my-name` cannot be the name of a variable. The name of a variable has letters, digits and underscores, and starts with no digit.',
    'playbook.yml:3:3: `file` cannot be the name of a variable. `file` has a meaning of its own in expressions; choose another name.',
  ],
  [
    'variables as a list',
    'vars: [a]\ntasks: []\n',
    'playbook.yml:1:7: `vars` must be a map, and this is a list. Write vars: { name: value }.',
  ],
  [
    'a condition in words',
    'tasks:\n  - flag:\n    when: facts.os.id == "debian"\n',
    'playbook.yml:3:11: `when` must be a map, and this is text. Write a map of facts or variables and their values: when: { facts.os.id: debian }.',
  ],
  [
    'an empty condition',
    'tasks:\n  - flag:\n    unless:\n',
    'playbook.yml:3:12: `unless` must be a map, and this is empty. Write a map of facts or variables and their values: unless: { facts.os.id: debian }.',
  ],
  [
    'each with one text',
    'tasks:\n  - flag:\n    each: a\n',
    'playbook.yml:3:11: `each` must be a list, and this is text. Write each: [a, b], or an expression that is a list: each: "{{names}}".',
  ],
  [
    'tags in a map',
    'tasks:\n  - flag:\n    tags: { a: b }\n',
    'playbook.yml:3:11: `tags` takes names, and this is a map. Write tags: [name, name].',
  ],
  [
    'sensitive as a word',
    'tasks:\n  - flag:\n    sensitive: yes\n',
    'playbook.yml:3:16: `sensitive` must be true or false, and this is text.',
  ],
  [
    'a name that is a list',
    task('{ name: [a], flag: }'),
    'playbook.yml:2:13: `name` must be text, and this is a list.',
  ],
  ['an empty name', task('{ name: "", flag: }'), 'playbook.yml:2:13: `name` must be text, and this is empty text.'],
  [
    'a condition without anything in it',
    task('{ flag: , when: {} }'),
    'playbook.yml:2:21: `when` must be a map, and this is an empty map. Write a map of facts or variables and their values: when: { facts.os.id: debian }.',
  ],
  [
    'an audit that is none',
    'audit: yes\n',
    'playbook.yml:1:8: `audit` must be a map, and this is text. Write audit: { cis_docker: { min_score: 40 } }.',
  ],
  [
    'an unknown audit',
    'audit: { docker_bensh: true }\n',
    'playbook.yml:1:10: `audit` has no parameter `docker_bensh`. Did you mean `docker_bench`?',
  ],
  [
    'a check that is a number',
    'audit: { docker_bench: { fail_on: [2.10] } }\n',
    'playbook.yml:1:36: `docker_bench.fail_on[0]` must be text, and this is a number. Put it in quotes: "2.10".',
  ],
];

const includes: Case[] = [
  [
    'a missing include',
    { 'playbook.yml': task('include: firewal.yml'), 'firewall.yml': '' },
    'playbook.yml:2:14: The included file firewal.yml does not exist. Did you mean firewall.yml?',
  ],
  ['an include of itself', task('include: playbook.yml'), 'playbook.yml:2:14: playbook.yml includes itself.'],
  [
    'an include in a circle',
    { 'playbook.yml': task('include: a.yml'), 'a.yml': '- include: playbook.yml\n' },
    'a.yml:1:12: playbook.yml is included by a file that it includes.',
  ],
  [
    'an include with an expression',
    task('include: "{{os}}.yml"'),
    'playbook.yml:2:14: `include` cannot hold an expression: files are read before any host is known. Write one include for each file, with `when:`.',
  ],
  [
    'an include with a task',
    'tasks:\n  - include: a.yml\n    user: { name: bob }\n',
    'playbook.yml:2:14: The included file a.yml does not exist.',
    'playbook.yml:3:5: An include has no key `user`. There are include, name, vars, when, unless, tags.',
  ],
  [
    'an empty include',
    { 'playbook.yml': task('include: a.yml'), 'a.yml': '' },
    'a.yml:1:1: a.yml is empty. Write name: and tasks:',
  ],
  [
    'mistakes in both files',
    { 'playbook.yml': 'tasks:\n  - include: sub/a.yml\n  - usr: {}\n', 'sub/a.yml': '- fil: { path: /a }\n' },
    'sub/a.yml:1:3: There is no task type `fil`. Did you mean `file`?',
    'playbook.yml:3:5: There is no task type `usr`. Did you mean `user`?',
  ],
  [
    'one handler name for two things',
    {
      'playbook.yml': 'tasks:\n  - include: a.yml\nhandlers:\n  h: { run: a }\n',
      'a.yml': 'tasks: []\nhandlers:\n  h: { run: b }\n',
    },
    'a.yml:3:3: The handler `h` stands in playbook.yml:4 too, and does something else there. Give one of them another name.',
  ],
];

const parameters: Case[] = [
  [
    'an unknown parameter',
    user('shel: /bin/sh'),
    'playbook.yml:4:7: `user` has no parameter `shel`. Did you mean `shell`?',
  ],
  [
    'a common key among the parameters',
    user('when: { a: b }'),
    'playbook.yml:4:7: `user` has no parameter `when`. `when` belongs to the task: write it beside `user:`, not below.',
  ],
  ['a parameter that is missing', task('user: { uid: 1 }'), 'playbook.yml:2:5: `user` needs `name`.'],
  ['no parameters', task('user:'), 'playbook.yml:2:5: `user` needs `name`.'],
  [
    'text for parameters',
    task('user: bob'),
    'playbook.yml:2:11: `user` must be a map, and this is text. Write user: { key: value }.',
  ],
  [
    'a word that is not one of them',
    user('state: presnt'),
    'playbook.yml:4:14: `state` must be one of present, absent; you wrote "presnt". Did you mean `present`?',
  ],
  [
    'a number for text',
    user('shell: 12'),
    'playbook.yml:4:14: `shell` must be text, and this is a number. Put it in quotes: "12".',
  ],
  [
    'text for a number',
    user('uid: "12"'),
    'playbook.yml:4:12: `uid` must be a number, and this is text. Write it without quotes: 12.',
  ],
  ['a fraction', user('uid: 1.5'), 'playbook.yml:4:12: `uid` must be a whole number.'],
  ['a number that is too small', user('uid: 0'), 'playbook.yml:4:12: `uid` must be at least 1.'],
  [
    'text that is too long',
    task('user: { name: abcdefghijklm }'),
    'playbook.yml:2:19: `name` must have at most 12 characters.',
  ],
  ['empty text', task('user: { name: "" }'), 'playbook.yml:2:19: `name` must not be empty.'],
  ['an empty list', user('groups: []'), 'playbook.yml:4:15: `groups` must not be empty.'],
  [
    'text for a list',
    user('groups: sudo'),
    'playbook.yml:4:15: `groups` must be a list, and this is text. Write groups: [sudo].',
  ],
  [
    'a map in a list',
    user('groups: [sudo, { a: b }]'),
    'playbook.yml:4:22: `groups[1]` must be text, and this is a map.',
  ],
  [
    'yes for true',
    user('create_home: yes'),
    'playbook.yml:4:20: `create_home` must be true or false, and this is text. In YAML 1.2 `yes` is text: write true.',
  ],
  [
    'nothing for text',
    user('shell:'),
    'playbook.yml:4:13: `shell` is empty, and must be text. Give it a value, or remove it.',
  ],
  ['another form', user('shell: sh'), 'playbook.yml:4:14: `shell` does not have the form /^\\//; you wrote "sh".'],
  [
    'a secret in another form',
    user('password_hash: hunter2'),
    'playbook.yml:4:22: `password_hash` does not have the form /^\\$/.',
  ],
  [
    'one of two types',
    user('expires: nevr'),
    'playbook.yml:4:16: `expires` must be a number or never; you wrote "nevr". Did you mean `never`?',
  ],
  [
    'a list for one of two types',
    user('limits: { nofile: [1] }'),
    'playbook.yml:4:25: `limits.nofile` must be text or a number, and this is a list.',
  ],
  ['one value for a list', user('aliases: A'), 'playbook.yml:4:16: `aliases` is no alias.'],
  ['one of a list', user('aliases: [a, B]'), 'playbook.yml:4:20: `aliases[1]` is no alias.'],
  [
    'deep inside',
    user('keys: [{ key: a, from: 1.2.3 }, { form: x }]'),
    'playbook.yml:4:30: `keys[0].from` is not a valid IPv4 address; you wrote "1.2.3".',
    'playbook.yml:4:39: `keys[1]` needs `key`.',
    'playbook.yml:4:41: `keys[1]` has no parameter `form`. Did you mean `from`?',
  ],
  [
    'a mode without quotes',
    task('file: { path: /a, mode: 0644 }'),
    'playbook.yml:2:29: `mode` must be text, and this is a number. A mode must be quoted, else YAML reads a decimal number: write "0644".',
  ],
  [
    'a mode in words',
    task('file: { path: /a, mode: u+x }'),
    'playbook.yml:2:29: `mode` must be an octal mode such as "0644".',
  ],
  [
    'a rule of the whole',
    task('file: { path: /a, src: b, content: c }'),
    'playbook.yml:2:11: `file`: write one of src and content.',
  ],
  ['a relative path', task('file: { path: a }'), 'playbook.yml:2:19: `path` must start with "/"; you wrote "a".'],
  [
    'a sensitive value',
    'tasks:\n  - user: { name: bob, shell: hunter2 }\n    sensitive: true\n',
    'playbook.yml:2:31: `shell` does not have the form /^\\//.',
  ],
  [
    'several tasks at once',
    'tasks:\n  - user: { name: 1 }\n  - flag: { on: maybe }\n  - file: { pth: /a }\n',
    'playbook.yml:2:19: `name` must be text, and this is a number. Put it in quotes: "1".',
    'playbook.yml:3:17: `on` must be true or false, and this is text.',
    'playbook.yml:4:5: `file` needs `path`.',
    'playbook.yml:4:13: `file` has no parameter `pth`. Did you mean `path`?',
  ],
  [
    'the same thing twice',
    'tasks:\n  - user: { name: bob }\n  - name: again\n    user: { name: bob, state: absent }\n',
    'playbook.yml:3:5: This task and the one in line 2 want different things of user bob: `state`. Make them one task, or let `when:` choose.',
  ],
  [
    'the same thing in another file',
    {
      'playbook.yml': 'tasks:\n  - user: { name: bob }\n  - include: a.yml\n',
      'a.yml': '- user: { name: bob, uid: 5 }\n',
    },
    'a.yml:1:3: This task and the one in playbook.yml:2:5 want different things of user bob: `uid`. Make them one task, or let `when:` choose.',
  ],
];

const together: Case[] = [
  [
    'in literal parameters beside expressions, before any of those is rendered',
    'tasks:\n  - user: { name: "{{nope}}", uid: x, shel: a, state: presnt, keys: "{{keys}}", limits: { a: "{{b}}" }, groups: ["{{c}}", 5] }\n  - usr: {}\n',
    'playbook.yml:2:36: `uid` must be a number, and this is text.',
    'playbook.yml:2:39: `user` has no parameter `shel`. Did you mean `shell`?',
    'playbook.yml:2:55: `state` must be one of present, absent; you wrote "presnt". Did you mean `present`?',
    'playbook.yml:2:123: `groups[1]` must be text, and this is a number. Put it in quotes: "5".',
    'playbook.yml:3:5: There is no task type `usr`. Did you mean `user`?',
  ],
  [
    'in expressions, wherever they stand',
    'name: "{{"\nvars: { a: "{{b c | d}}" }\ntasks:\n  - name: "{{#if}}"\n    flag:\n    when: { a: "{{.x}}" }\n  - flag:\n    each: "{{}}"\nhandlers:\n  h: { run: "{{(}}", check: "{{x y}" }\n',
    'playbook.yml:1:8: `{{` is not closed. Close it with }}. To write two braces as they are, put a backslash before them: \\{{.',
    'playbook.yml:2:13: Expressions have no filters. Write {{default name "value"}} or {{join list ","}}.',
    'playbook.yml:4:12: A block is opened and not closed. Close {{#if …}} with {{/if}}, {{#each …}} with {{/each}}.',
    'playbook.yml:6:17: `{{.x}}` is not an expression. To write two braces as they are, put a backslash before them: \\{{.',
    'playbook.yml:8:12: `{{}}` names no variable. To write two braces as they are, put a backslash before them: \\{{.',
    'playbook.yml:10:14: `{{(}}` is not an expression. Write {{name}} or {{helper value}}. To write two braces as they are, put a backslash before them: \\{{.',
    'playbook.yml:10:30: `{{` is not closed. Close it with }}. To write two braces as they are, put a backslash before them: \\{{.',
  ],
  [
    'once, where a file cannot be read whole',
    'tasks:\n  - user: { name: {{x}} }\n    notify: h\n  - include: nope.yml\nhandlers:\n  h: { check: x }\n',
    'playbook.yml:2:19: `{{` without quotes is a YAML map. Put the whole value in quotes: "{{name}}".',
    'playbook.yml:4:14: The included file nope.yml does not exist.',
    'playbook.yml:6:3: The handler `h` has no `run`. Write handlers: { reload nginx: { check: nginx -t, run: systemctl reload nginx } }.',
  ],
];

const expressions: Case[] = [
  [
    'an unknown variable',
    `vars: { admin: bob }\n${task('user: { name: "{{admn}}" }')}`,
    'playbook.yml:3:20: `admn` is not defined. Did you mean `admin`?',
  ],
  [
    'an unknown variable that is like no other',
    task('user: { name: "x{{who}}" }'),
    'playbook.yml:2:21: `who` is not defined. Define it under `vars:`, or with -e.',
  ],
  [
    'an unknown fact',
    task('user: { name: "{{facts.os.codenam}}" }'),
    'playbook.yml:2:20: `facts.os.codenam` is not defined. Did you mean `facts.os.codename`?',
  ],
  [
    'something of a text',
    'vars: { a: b }\ntasks:\n  - user: { name: "{{a.length}}" }\n',
    'playbook.yml:3:20: `a.length` is not defined. `a` is text.',
  ],
  [
    'the second of two expressions',
    `vars: { a: b }\n${task('user: { name: "{{a}}-{{b}}" }')}`,
    'playbook.yml:3:26: `b` is not defined. Define it under `vars:`, or with -e.',
  ],
  [
    'the third line of a text',
    'tasks:\n  - file:\n      path: /a\n      content: |\n        one {{facts.arch}}\n        two\n        three {{facts.arc}}\n',
    'playbook.yml:7:15: `facts.arc` is not defined. Did you mean `facts.arch`?',
  ],
  [
    'a condition inside of a text',
    'tasks:\n  - file:\n      path: /a\n      content: |\n        {{#if tls}}\n        on\n        {{/if}}\n',
    'playbook.yml:5:9: `tls` is not defined. Define it under `vars:`, or with -e.',
  ],
  [
    'a mistake in a variable',
    'vars:\n  a: "{{b}}"\ntasks:\n  - user: { name: "{{a}}" }\n',
    'playbook.yml:2:7: `b` is not defined. Define it under `vars:`, or with -e.',
  ],
  [
    'a variable that refers to itself',
    'vars:\n  a: "{{b}}"\n  b: "{{a}}"\ntasks:\n  - user: { name: "{{a}}" }\n',
    'playbook.yml:2:3: The variable `a` refers to itself.',
  ],
  [
    'an environment variable that is not set',
    task('user: { name: bob, password_hash: \'{{env "HASH"}}\' }'),
    'playbook.yml:2:40: The environment variable HASH is not set. Set it before the run: HASH=….',
  ],
  [
    'a file that is not there',
    task('file: { path: /a, content: \'{{file "a.txt"}}\' }'),
    'playbook.yml:2:33: The local file a.txt does not exist. Relative paths start at the folder of the file that names them.',
  ],
  [
    'a src that is not there',
    task('file: { path: /a, src: files/a.txt }'),
    'playbook.yml:2:28: The local file files/a.txt does not exist. Relative paths start at the folder of the file that names them.',
  ],
  [
    'a mistake in a template',
    { 'playbook.yml': task('file: { path: /a, template: a.hbs }'), 'a.hbs': 'one\n  {{facts.os.idd}}\n' },
    'a.hbs:2:5: `facts.os.idd` is not defined. Did you mean `facts.os.id`?',
  ],
  [
    'a block that is closed by another',
    { 'playbook.yml': task('file: { path: /a, template: a.hbs }'), 'a.hbs': '{{#if facts.apt}}\n{{/each}}\n' },
    'a.hbs:1:4: `{{#if}}` is closed by `{{/each}}`. Close it with {{/if}}.',
  ],
  [
    'a filter',
    task('user: { name: "{{ facts.arch | upper }}" }'),
    'playbook.yml:2:20: Expressions have no filters. Write {{default name "value"}} or {{join list ","}}.',
  ],
  [
    'a Go template',
    task("file: { path: /a, content: 'docker ps --format {{.Names}}' }"),
    'playbook.yml:2:52: `{{.Names}}` is not an expression. To write two braces as they are, put a backslash before them: \\{{.',
  ],
  [
    'an open expression',
    task('user: { name: "{{facts.arch" }'),
    'playbook.yml:2:20: `{{` is not closed. Close it with }}. To write two braces as they are, put a backslash before them: \\{{.',
  ],
  [
    'an unknown helper',
    task('user: { name: \'{{evn "A"}}\' }'),
    'playbook.yml:2:20: `evn` is not a helper. Did you mean `env`?',
  ],
  [
    'a list inside of a text',
    `vars: { gs: [a, b] }\n${task('user: { name: "x{{gs}}" }')}`,
    'playbook.yml:3:21: `gs` is a list, and a list cannot stand inside text. Write {{join gs ","}}.',
  ],
  [
    'item without each',
    task('user: { name: "{{item}}" }'),
    'playbook.yml:2:20: `item` is not defined. Define it under `vars:`, or with -e.',
  ],
  [
    'each of something that is no list',
    `vars: { a: b }\n${task('{ user: { name: "{{item}}" }, each: "{{a}}" }')}`,
    'playbook.yml:3:41: `each` must be a list, and this expression is none. Name a variable that is a list.',
  ],
  [
    'an unknown fact in a condition',
    'tasks:\n  - flag:\n    when: { facts.os.idd: debian, admin: bob, os.id: x }\n',
    'playbook.yml:3:13: `facts.os.idd` is not defined. Did you mean `facts.os.id`?',
    'playbook.yml:3:35: `admin` is not defined. Define it under `vars:`, or with -e.',
    'playbook.yml:3:47: `os` is not defined. Write facts.os.id.',
  ],
  [
    'a whole map in a condition',
    'tasks:\n  - flag:\n    when: { facts.os: debian }\n',
    'playbook.yml:3:13: `facts.os` is a map, and only texts, numbers and booleans can be compared. Name one of its keys: facts.os.id, facts.os.version, facts.os.codename, facts.os.like, facts.os.name.',
  ],
  [
    'a rendered value that does not fit',
    `vars: { s: hunter2 }\n${task('user: { name: bob, shell: "{{s}}" }')}`,
    'playbook.yml:3:31: `shell` does not have the form /^\\//.',
  ],
];

describe.each([
  ['YAML', yaml],
  ['the shape of a playbook', structure],
  ['includes', includes],
  ['parameters', parameters],
  ['many places', together],
  ['expressions', expressions],
])('mistakes in %s', (_, cases) => {
  test.each(cases)('%s', async (_title, files, ...expected) => {
    expect(await paragraphs(() => resolveText(files))).toEqual(expected);
  });
});

test('a value from the environment is in no error', async () => {
  const text = 'tasks:\n  - user: { name: bob, shell: \'{{env "S"}}\', uid: \'{{env "S"}}\' }\n';
  const found = await paragraphs(() => resolveText(text, { env: { S: 'hunter2secret' } }));
  expect(found).toEqual([
    'playbook.yml:2:31: `shell` does not have the form /^\\//.',
    'playbook.yml:2:51: `uid` must be a number, and this is text.',
  ]);
});

test('a schema message that repeats a value from the environment is masked', async () => {
  const text =
    'tasks:\n  - user: { name: bob, limits: \'{{env "S"}}\' }\n  - user: { \'{{env "S"}}\': x, name: eve }\n';
  const found = await paragraphs(() => resolveText(text, { env: { S: 'hunter2secret' } }));
  expect(found.join('\n')).not.toContain('hunter2secret');
  expect(found[1]).toBe(
    'playbook.yml:3:13: `user` has no parameter `********`. There are name, uid, shell, groups, create_home, state, password_hash, expires, limits, aliases, keys.',
  );
});

test('several mistakes are one error that holds them all', async () => {
  const error = await resolveText('tasks:\n  - usr: {}\n  - fil: {}\n').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PlaybookErrors);
  expect((error as PlaybookErrors).errors.map(({ at }) => at?.line)).toEqual([2, 3]);
  expect(error).toMatchObject({ message: (error as PlaybookErrors).paragraph, exitCode: 64 });
});
