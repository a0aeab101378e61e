import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { selectHosts } from '../../src/playbook/host-patterns.ts';
import { loadInventory } from '../../src/playbook/inventory.ts';
import { folderWith, paragraphs, resolveText } from './support.ts';

async function load(text: string | Buffer) {
  return loadInventory(join(await folderWith({ 'hosts.yml': text }), 'hosts.yml'));
}

const fleet = `vars: { admin: all, level: 0 }
hosts:
  web1: { address: 192.0.2.1, port: 2222, user: bob, vars: { admin: own } }
  web2:
  db1: { address: "2001:db8::1", vars: { data: [1] } }
  lone: {}
groups:
  web: { hosts: [web1, web2], vars: { level: 2, role: web } }
  prod: { children: [web, db], vars: { admin: prod, level: 1, role: any } }
  db: [db1]
  empty:
`;

test('hosts with their groups, outer ones first, and the variables of all of them', async () => {
  const { hosts, groups } = await load(fleet);
  expect(groups).toEqual(['prod', 'empty', 'web', 'db']);
  expect(hosts.map(({ vars, ...host }) => ({ ...host, vars: Object.fromEntries(Object.entries(vars)) }))).toEqual([
    {
      name: 'web1',
      address: '192.0.2.1',
      port: 2222,
      user: 'bob',
      groups: ['prod', 'web'],
      vars: { admin: 'own', level: 2, role: 'web' },
    },
    { name: 'web2', groups: ['prod', 'web'], vars: { admin: 'prod', level: 2, role: 'web' } },
    {
      name: 'db1',
      address: '2001:db8::1',
      groups: ['prod', 'db'],
      vars: { admin: 'prod', level: 1, role: 'any', data: [1] },
    },
    { name: 'lone', groups: [], vars: { admin: 'all', level: 0 } },
  ]);
});

test('hosts may be a list of names', async () => {
  expect((await load('hosts: [a, b.example.org]\n')).hosts.map(({ name }) => name)).toEqual(['a', 'b.example.org']);
});

test("a host's variable keeps its place for mistakes found when it is used", async () => {
  const { hosts } = await load('vars: { a: 1 }\nhosts:\n  web:\n    vars: { b: "{{a}}{{nope}}" }\n');
  const text = 'tasks:\n  - user: { name: "{{b}}" }\n';
  expect(await paragraphs(() => resolveText(text, { vars: { ...hosts[0]?.vars, c: 'cli' } }))).toEqual([
    'hosts.yml:4:22: `nope` is not defined. Define it under `vars:`, or with -e.',
  ]);
});

describe('limits', () => {
  test.each<[string | undefined, string[]]>([
    [undefined, ['web1', 'web2', 'db1', 'lone']],
    ['all', ['web1', 'web2', 'db1', 'lone']],
    ['*', ['web1', 'web2', 'db1', 'lone']],
    ['web1', ['web1']],
    ['db1, web1', ['web1', 'db1']],
    ['web', ['web1', 'web2']],
    ['prod', ['web1', 'web2', 'db1']],
    ['web?', ['web1', 'web2']],
    ['*1', ['web1', 'db1']],
    ['web[2-9]', ['web2']],
    ['web[!2]', ['web1']],
    ['pr*', ['web1', 'web2', 'db1']],
    ['!web', ['db1', 'lone']],
    ['prod,!web2', ['web1', 'db1']],
    ['!web2,prod', ['web1', 'db1']],
    ['prod,&*1', ['web1', 'db1']],
    ['all,&prod,!db', ['web1', 'web2']],
    ['lone,empty', ['lone']],
    ['w.b1,web1', []],
  ])('%s', async (limit, expected) => {
    const inventory = await load(fleet);
    if (expected.length === 0) expect(() => selectHosts(inventory, limit)).toThrow('is no host or group of');
    else expect(selectHosts(inventory, limit).map(({ name }) => name)).toEqual(expected);
  });

  test.each([
    ['wbe1', '`wbe1` is no host or group of hosts.yml. Did you mean `web1`?'],
    ['web,!prdo', '`prdo` is no host or group of hosts.yml. Did you mean `prod`?'],
    ['x*', '`x*` is no host or group of hosts.yml. There are web1, web2, db1, lone, prod, empty, web, db, all.'],
    ['web,!prod', '`web,!prod` leaves no host of hosts.yml. Every host that it names is taken away again.'],
    ['empty', '`empty` leaves no host of hosts.yml. Every host that it names is taken away again.'],
    [' , ', 'The limit names no host. Write -l name, or leave it out.'],
    ['web[z-a]', '`web[z-a]` is not a pattern. Write * for any text, ? for one sign, [abc] for one of several.'],
  ])('%s', async (limit, expected) => {
    const inventory = await load(fleet);
    expect(await paragraphs(async () => selectHosts(inventory, limit))).toEqual([expected]);
  });
});

describe('mistakes', () => {
  test.each<[string, string | Buffer, ...string[]]>([
    [
      'an empty file',
      '',
      'hosts.yml:1:1: hosts.yml is empty. Write hosts: { web1: { address: 192.0.2.10, user: admin } }.',
    ],
    [
      'a list',
      '- web1\n',
      'hosts.yml:1:1: An inventory must be a map, and this is a list. Write hosts: { web1: { address: 192.0.2.10, user: admin } }.',
    ],
    [
      'no hosts',
      'vars: { a: b }\n',
      'hosts.yml:1:1: hosts.yml lists no hosts. Write hosts: { web1: { address: 192.0.2.10, user: admin } }.',
    ],
    [
      "Ansible's shape",
      'all:\n  hosts: {}\n',
      'hosts.yml:1:1: An inventory has no key `all`. Write `hosts:`, `groups:` and `vars:` at the top, without `all:`.',
    ],
    ['an unknown key', 'host: { a: }\n', 'hosts.yml:1:1: An inventory has no key `host`. Did you mean `hosts`?'],
    [
      "Ansible's words for a host",
      'hosts:\n  a: { ansible_host: 192.0.2.1, prt: 22 }\n',
      'hosts.yml:2:8: A host has no key `ansible_host`. Write `address:`.',
      'hosts.yml:2:33: A host has no key `prt`. Did you mean `port`?',
    ],
    [
      'a host that is text',
      'hosts:\n  a: 192.0.2.1\n',
      'hosts.yml:2:6: The host `a` must be a map, and this is text. Write { address: 192.0.2.10, user: admin }.',
    ],
    [
      'hosts that are text',
      'hosts: a\n',
      'hosts.yml:1:8: `hosts` must be a map, and this is text. Write hosts: { web1: { address: 192.0.2.10 } }.',
    ],
    [
      'a port out of range',
      'hosts:\n  a: { port: 70000 }\n',
      'hosts.yml:2:14: `port` must be a number from 1 to 65535. Write port: 22.',
    ],
    [
      'a list as address',
      'hosts:\n  a: { address: [b] }\n',
      'hosts.yml:2:17: `address` must be text, and this is a list.',
    ],
    [
      'an expression as address',
      'hosts:\n  a: { address: "{{b}}" }\n',
      'hosts.yml:2:17: `address` must be text, and this is an expression. Write the value itself.',
    ],
    [
      'a name that cannot be reached',
      'hosts:\n  a/b:\n',
      'hosts.yml:2:3: "a/b" is not a host to connect to: a host has no path. Write [user@]host[:port].',
    ],
    [
      'a range',
      'hosts:\n  "web[1:3]": { address: a }\n',
      'hosts.yml:2:3: `web[1:3]` cannot be the name of a host: there are no ranges. Write each host on a line of its own.',
    ],
    [
      'a name that is a pattern',
      'hosts:\n  all: { address: a }\n',
      'hosts.yml:2:3: `all` cannot be the name of a host. `all`, commas, spaces and the signs ! & @ * ? have a meaning in patterns.',
    ],
    [
      'a host twice in a map',
      'hosts:\n  a:\n  a:\n',
      'hosts.yml:3:3: `a` stands twice in this map, first in line 2. Remove one of them.',
    ],
    [
      'a host twice in a list',
      'hosts: [a, a]\n',
      'hosts.yml:1:12: The host `a` stands twice in this list. Remove one of them.',
    ],
    [
      'a map in a list of hosts',
      'hosts:\n  - a: { port: 1 }\n',
      'hosts.yml:2:5: A host in a list is a name, and this is a map. Write a map to say more: hosts: { web1: { address: … } }.',
    ],
    [
      'a group of unknown hosts',
      'hosts: [web1, web2]\ngroups:\n  web: { hosts: [web1, wbe2, db] }\n  db: { hosts: [web] }\n',
      'hosts.yml:3:24: The group `web` names the host `wbe2`, which is not there. Did you mean `web2`?',
      'hosts.yml:3:30: The group `web` names the host `db`, which is not there. `db` is a group: write it under `children:`.',
      'hosts.yml:4:17: The group `db` names the host `web`, which is not there. `web` is a group: write it under `children:`.',
    ],
    [
      'an unknown child',
      'hosts: [a]\ngroups:\n  g: { children: [a, h] }\n',
      'hosts.yml:3:19: There is no group `a`. `a` is a host: write it under `hosts:`.',
      'hosts.yml:3:22: There is no group `h`. There are g.',
    ],
    [
      'a group in itself',
      'hosts: [a]\ngroups:\n  g: { children: [h] }\n  h: { children: [g] }\n',
      'hosts.yml:3:19: The group `g` holds itself, through `h`. Remove it here.',
      'hosts.yml:4:19: The group `h` holds itself, through `g`. Remove it here.',
    ],
    [
      'a group named as a host',
      'hosts: [a]\ngroups:\n  a: { hosts: [a] }\n',
      'hosts.yml:3:3: `a` is a host already, in line 1. Give the group another name.',
    ],
    [
      'the group all',
      'hosts: [a]\ngroups:\n  all: { vars: {} }\n',
      'hosts.yml:3:3: `all` cannot be the name of a group. Every host is in `all`; its variables stand under `vars:` at the top.',
    ],
    [
      'settings in a group',
      'hosts: [a]\ngroups:\n  g: { hosts: { a: { port: 1 } } }\n',
      'hosts.yml:3:20: `a` has settings inside of a group. Write them under `hosts:` at the top.',
    ],
    [
      'text for the hosts of a group',
      'hosts: [a]\ngroups:\n  g: { hosts: a }\n',
      'hosts.yml:3:15: `hosts` must be a list, and this is text. Write hosts: [name, name].',
    ],
    [
      'groups in a list',
      'hosts: [a]\ngroups: [g]\n',
      'hosts.yml:2:9: `groups` must be a map, and this is a list. Write groups: { web: { hosts: [web1, web2] } }.',
    ],
    [
      'a group that is text',
      'hosts: [a]\ngroups: { g: a }\n',
      'hosts.yml:2:14: The group `g` must be a map, and this is text. Write groups: { web: { hosts: [web1, web2] } }.',
    ],
    [
      'variables in a list',
      'hosts: [a]\nvars: [b]\n',
      'hosts.yml:2:7: `vars` must be a map, and this is a list. Write vars: { name: value }.',
    ],
    [
      'a variable with a bad name',
      'hosts:\n  a: { vars: { item: 1 } }\n',
      'hosts.yml:2:16: `item` cannot be the name of a variable. `item` has a meaning of its own in expressions; choose another name.',
    ],
    [
      'an expression without quotes',
      'hosts:\n  a: { vars: { b: {{ c }} } }\n',
      'hosts.yml:2:19: `{{` without quotes is a YAML map. Put the whole value in quotes: "{{name}}".',
    ],
    ['a tab', 'hosts:\n\ta:\n', 'hosts.yml:2:1: A tab indents this line. YAML allows spaces alone: replace the tab.'],
  ])('%s', async (_title, text, ...expected) => {
    expect(await paragraphs(() => load(text))).toEqual(expected);
  });

  test('a file that is not there', async () => {
    expect(
      await paragraphs(async () => loadInventory(join(await folderWith({ 'inventory.yml': '' }), 'inventry.yml'))),
    ).toEqual(['The inventory inventry.yml does not exist. Did you mean inventory.yml?']);
  });
});
