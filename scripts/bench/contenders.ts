import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { LabHost } from '../../test/lab/lab.ts';
import type { Command } from './timed.ts';

export interface Contender extends Command {
  readonly name: string;
  /** Takes so long that a few rounds must do. */
  readonly slow?: boolean;
}

/** One task under both tools' names. */
interface Task {
  readonly type: string;
  readonly module: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What is compared on a host, and what brings it into sync first. */
export function contenders(
  host: LabHost,
  directory: string,
  withAnsible: boolean,
): { readonly prepare: readonly Command[]; readonly measured: readonly Contender[] } {
  const tasks = fortyTasks();
  const playbook = join(directory, 'playbook.yml');
  writeFileSync(
    playbook,
    stringify({ tasks: tasks.map(({ type, params }, at) => ({ name: `Task ${at + 1}`, [type]: params })) }),
  );
  const destination = [
    '-H',
    `root@${host.address}:${host.port}`,
    '--identity',
    host.keyFile,
    '--known-hosts',
    host.knownHostsFile,
  ];
  const harden = (...args: string[]): Command['argv'] => [process.execPath, 'dist/cli.js', ...args, ...destination];
  const ssh: Command['argv'] = [
    'ssh',
    '-o',
    'BatchMode=yes',
    '-o',
    `UserKnownHostsFile=${host.knownHostsFile}`,
    '-o',
    'IdentitiesOnly=yes',
    '-i',
    host.keyFile,
    '-p',
    String(host.port),
    `root@${host.address}`,
    'true',
  ];
  const measured: Contender[] = [
    { name: 'ssh HOST true', argv: ssh },
    { name: 'harden plan', argv: harden('plan', playbook, '--detailed-exitcode'), expect: /40 tasks hold/ },
    { name: 'harden apply', argv: harden('apply', playbook, '--yes'), expect: /1 unchanged/ },
  ];
  if (withAnsible) measured.push(...ansible(host, directory, tasks));
  return { prepare: [{ argv: harden('apply', playbook, '--yes') }], measured };
}

function ansible(host: LabHost, directory: string, tasks: readonly Task[]): readonly Contender[] {
  const playbook = join(directory, 'ansible.yml');
  const plays = [
    {
      hosts: 'all',
      gather_facts: false,
      tasks: tasks.map(({ module, params }, at) => ({ name: `Task ${at + 1}`, [`ansible.builtin.${module}`]: params })),
    },
  ];
  writeFileSync(playbook, stringify(plays, { version: '1.1' }));
  const inventory = join(directory, 'inventory.ini');
  writeFileSync(
    inventory,
    `bench ansible_host=${host.address} ansible_port=${host.port} ansible_user=root ansible_ssh_private_key_file=${host.keyFile} ansible_python_interpreter=/usr/bin/python3\n`,
  );
  const config = join(directory, 'ansible.cfg');
  writeFileSync(
    config,
    `[defaults]\nnocows = 1\n[ssh_connection]\npipelining = True\nssh_args = -o ControlMaster=auto -o ControlPersist=1s -o UserKnownHostsFile=${host.knownHostsFile}\n`,
  );
  return [
    {
      name: 'ansible-playbook --check',
      argv: ['ansible-playbook', '--check', '-i', inventory, playbook],
      env: { ANSIBLE_CONFIG: config, ANSIBLE_HOME: join(directory, 'ansible'), LC_ALL: 'C.UTF-8' },
      // It must agree that nothing differs, or the two do not do the same.
      expect: /ok=40 +changed=0/,
      slow: true,
    },
  ];
}

/** What a plain server's playbook is made of; both tools take the same parameters. */
function fortyTasks(): readonly Task[] {
  const many = (count: number, make: (number: number) => Task): Task[] =>
    Array.from({ length: count }, (_, at) => make(at + 1));
  return [
    ...many(4, (at) => same('group', { name: `bench${at}`, gid: 3000 + at })),
    ...many(4, (at) =>
      same('user', {
        name: `bench${at}`,
        uid: 3000 + at,
        group: `bench${at}`,
        shell: '/bin/bash',
        comment: `bench user ${at}`,
      }),
    ),
    ...many(6, (at) =>
      same('file', { path: `/srv/bench${at}`, state: 'directory', owner: 'root', group: 'root', mode: '0750' }),
    ),
    ...many(14, (at) =>
      same('copy', {
        dest: `/etc/bench${at}.conf`,
        content: `# bench\nsetting = ${at}\n`.repeat(20),
        owner: 'root',
        group: 'root',
        mode: '0644',
      }),
    ),
    ...many(6, (at) =>
      same('lineinfile', { path: '/etc/login.defs', regexp: `^BENCH${at}\\s`, line: `BENCH${at} ${at}` }),
    ),
    ...many(3, (at) =>
      same('blockinfile', {
        path: '/etc/hosts',
        block: `192.0.2.${at} bench${at}.example\n`,
        marker: `# {mark} bench ${at}`,
      }),
    ),
    ...['ssh', 'cron', 'dbus'].map(
      (name): Task => ({ type: 'service', module: 'systemd', params: { name, state: 'started' } }),
    ),
  ];
}

function same(type: string, params: Task['params']): Task {
  return { type, module: type, params };
}
