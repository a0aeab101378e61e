import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Change, diff } from '../../src/engine/diff.ts';
import { HOST_FILES } from '../../src/engine/host-files/index.ts';
import { PUT_BACK } from '../../src/engine/journal/put-back.ts';
import { STEP_FUNCTIONS } from '../../src/engine/journal/step-functions.ts';
import type { State } from '../../src/engine/state.ts';
import type { AnyTaskType } from '../../src/engine/task.ts';
import { type Script, sh } from '../../src/remote/sh.ts';
import { authorizedKeyTask } from '../../src/tasks/authorized-key/index.ts';
import { groupTask } from '../../src/tasks/group.ts';
import { sudoersTask } from '../../src/tasks/sudoers.ts';
import { userTask } from '../../src/tasks/user/index.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { debian12Facts } from '../support/facts.ts';

// of the passwords "example" and "another"
const HASH = '$6$saltsaltsalt$ERIdLNfY1NyWnVkxbgBC8Jl92OhOrPLq5L8KHRQqY7xkMOOTAbuOI3VhUoTGErKyKGJ8CBu3Xo3hMUyU6Gdqt0';
const OTHER = '$6$saltsalt$Pn7h8uuCyEN8YCHWrmV9oNJ8WVLWHx2hHOYZ6aw2G8MjnVKzrxTiDBD0TIFZ8Zqfm0YTOFxVUaZTcHz9oV9zn1';
const ONE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINq9wuWZ/782y36KeG9127CB9rHM0R/0yFsVXDqmYfut one';
const TWO = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBuBMnbbTMRNj0ALNvB9xQ68BP/p/m2bb8+PFHm+DDwu two';

const unavailable = await labUnavailable();
const suites = ['bookworm', 'trixie'] as const;

describe.skipIf(unavailable !== undefined).each(suites)(
  `accounts on a host with %s${unavailable ? ` (left out: ${unavailable})` : ''}`,
  (suite) => {
    let host: LabHost;
    beforeAll(async () => {
      host = await bootHost({ suite });
    }, 600_000);
    afterAll(() => host?.stop());

    const run = async (script: Script): Promise<string> => {
      const { stdout, stderr, exitCode } = await host.exec('sh', { input: script });
      if (exitCode !== 0)
        throw new Error(`${stderr}
(status ${exitCode} of: ${script})`);
      return stdout;
    };
    const step = (script: Script) =>
      run(`export LC_ALL=C; umask 077; harden_step=/run/step; mkdir -p "$harden_step/kept"
${STEP_FUNCTIONS}
harden_tmp=$(mktemp -d); main() { (set -eu
${script}
); }
main </dev/null`);

    /** Applies, twice over, as every change must bear; proves; and returns what would undo it. */
    const apply = async (
      type: AnyTaskType,
      given: Record<string, unknown>,
    ): Promise<{ change: Change | undefined; undo: () => Promise<State>; before: State }> => {
      const params = type.params.parse(given);
      const look = async (): Promise<State> => {
        const input = `export LC_ALL=C\n${HOST_FILES}main() { (\n${type.probe(params, debian12Facts)}\n); }\nmain </dev/null\n`;
        const { stdout } = await host.exec('sh | base64 -w 0', { input });
        return type.read(Buffer.from(stdout, 'base64').toString('utf8'), params);
      };
      const before = await look();
      const change = diff(before, type.want(params, debian12Facts, before));
      if (!change) return { change, before, undo: look };
      await run('rm -rf /run/step');
      const validate = type.validate?.(change, params, debian12Facts);
      if (validate) await step(validate);
      const keeps = type.keeps?.(params, change) ?? [];
      await step(sh`harden_kept=0
harden_keep ${keeps}`);
      const script = type.apply(change, params, debian12Facts);
      await step(script);
      if (change.action !== 'delete') await step(script);
      const after = await look();
      expect(diff(after, type.want(params, debian12Facts, after))).toBeUndefined();
      const undo = async (): Promise<State> => {
        await step(`${PUT_BACK}for kept in /run/step/kept/*/; do [ ! -d "$kept" ] || (put_back "\${kept%/}"); done
${type.undo?.(change, params, debian12Facts) ?? ':'}`);
        return look();
      };
      return { change, undo, before };
    };
    const thereAndBack = async (
      type: AnyTaskType,
      params: Record<string, unknown>,
      action: Change['action'],
      keys: readonly string[],
    ) => {
      const { change, undo, before } = await apply(type, params);
      expect({ action: change?.action, keys: [...(change?.keys ?? [])].sort() }).toEqual({
        action,
        keys: [...keys].sort(),
      });
      expect(await undo()).toEqual(before);
    };
    test('a group is made, renumbered, removed, and put back with its members', async () => {
      await thereAndBack(groupTask, { name: 'ops', gid: 2200 }, 'create', ['name', 'gid']);
      await apply(groupTask, { name: 'ops', gid: 2200 });
      await thereAndBack(groupTask, { name: 'ops', gid: 2201 }, 'update', ['gid']);
      await run('gpasswd -M admin0,admin1 ops');
      await thereAndBack(groupTask, { name: 'ops', state: 'absent' }, 'delete', [
        'name',
        'gid',
        'members',
        'primaryOf',
      ]);
      await apply(groupTask, { name: 'ops', state: 'absent' });
      expect(await run('getent group ops || echo gone')).toBe('gone');
    });

    test('a user is made where a group has its name, and undone to that group', async () => {
      await run('groupadd -g 4567 lead');
      const { undo } = await apply(userTask, {
        name: 'lead',
        shell: '/bin/bash',
        groups: ['sudo'],
        password_hash: HASH,
      });
      expect(await run('id lead; getent shadow lead | cut -d: -f2')).toBe(
        `uid=1002(lead) gid=4567(lead) groups=4567(lead),27(sudo)\n${HASH}`,
      );
      expect(await undo()).toBeNull();
      expect(await run('getent group lead; groupdel lead; rm -rf /home/lead')).toBe('lead:x:4567:');
    });

    test('each attribute of a user changes, and changes back', async () => {
      await apply(userTask, { name: 'bob', comment: 'Bob', shell: '/bin/bash', groups: ['adm'], password_hash: HASH });
      await run(
        'mkdir /srv/homes; touch /home/bob/kept; chown bob /home/bob/kept; chage -m 3 -M 44 -W 5 -I 6 -d 19000 bob',
      );
      const shadow = await run('getent shadow bob');
      await thereAndBack(
        userTask,
        {
          name: 'bob',
          uid: 3456,
          group: 'users',
          groups: ['sudo', 'adm'],
          comment: 'x, y',
          home: '/srv/homes/bob',
          move_home: true,
          shell: '/bin/sh',
          expires: '2031-05-06',
          password_hash: OTHER,
          password_lock: true,
        },
        'update',
        ['uid', 'group', 'groups', 'comment', 'home', 'shell', 'expires', 'password_hash', 'password_lock'],
      );
      expect(await run('getent shadow bob; stat -c %U:%G /home/bob /home/bob/kept')).toBe(
        `${shadow}\nbob:bob\nbob:root`.replace('bob:root', await run('stat -c %U:%G /home/bob/kept')),
      );
      await thereAndBack(userTask, { name: 'bob', password_lock: true }, 'update', ['password_lock']);
      await thereAndBack(userTask, { name: 'bob', groups: [] }, 'update', ['groups']);
      await thereAndBack(userTask, { name: 'bob', groups: ['sudo'], append: true }, 'update', ['groups']);
      expect(await run('getent shadow bob')).toBe(shadow);
    });

    test('a locked user unlocks, and an old one gets its missing home', async () => {
      await run(`printf 'bob:!%s\\n' '${OTHER}' | chpasswd -e; mv /home/bob /home/away`);
      await thereAndBack(userTask, { name: 'bob', password_lock: false }, 'update', ['password_lock']);
      await apply(userTask, { name: 'bob', create_home: true });
      expect(
        await run('stat -c %U /home/bob; ls -A /home/bob | grep -c bashrc; rm -rf /home/bob; mv /home/away /home/bob'),
      ).toBe('bob\n1');
    });

    test('a user who still runs something is removed, and comes back with password, groups and ageing', async () => {
      await run(`chage -m 3 -M 44 -W 5 -I 6 -E 22000 -d 19000 bob; usermod -aG adm bob
setpriv --reuid=bob --regid=bob --init-groups sh -c 'trap "" TERM; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &`);
      const lines = await run('getent passwd bob; getent shadow bob; id bob');
      const { undo, before } = await apply(userTask, { name: 'bob', state: 'absent' });
      expect(await run('getent passwd bob || echo gone')).toBe('gone');
      expect(await undo()).toEqual(before);
      expect(await run('getent passwd bob; getent shadow bob; id bob')).toBe(lines);
      await apply(userTask, { name: 'bob', state: 'absent', remove: true });
      expect(await run('ls /home; getent group bob || echo gone')).toBe('admin0\nadmin1\ngone');
    });

    test('a second root goes without root noticing', async () => {
      await run('useradd -o -u 0 -g 0 -M toor 2>/dev/null');
      const { undo, before } = await apply(userTask, { name: 'toor', state: 'absent' });
      expect(await undo()).toEqual(before);
      await apply(userTask, { name: 'toor', state: 'absent' });
      expect(await run('id -un')).toBe('root');
    });

    test('keys come, change and go, and everything else in the file stays', async () => {
      await run('useradd -m eve');
      await thereAndBack(authorizedKeyTask, { user: 'eve', key: ONE }, 'update', [
        'keys',
        'owner',
        'mode',
        'directory_mode',
      ]);
      expect(await run('ls -A /home/eve | grep ssh || echo none')).toBe('none');
      await apply(authorizedKeyTask, { user: 'eve', key: ONE });
      expect(await run('cd /home/eve/.ssh; stat -c "%a %U:%G %n" . *')).toBe(
        '700 eve:eve .\n600 eve:eve authorized_keys',
      );
      await run(
        `printf '%s\\r\\n' '# mine' '' 'from="10.0.0.0/8,::1",command="echo a b" ${TWO}' >>/home/eve/.ssh/authorized_keys; chmod 664 /home/eve/.ssh/authorized_keys; chmod 770 /home/eve/.ssh`,
      );
      await thereAndBack(authorizedKeyTask, { user: 'eve', key: TWO }, 'update', ['mode', 'directory_mode']);
      await apply(authorizedKeyTask, { user: 'eve', key: ONE, key_options: 'restrict', comment: 'renamed' });
      expect(await run('cat -v /home/eve/.ssh/authorized_keys')).toBe(
        `restrict ${ONE.replace(/ one$/, ' renamed')}\n# mine^M\n^M\nfrom="10.0.0.0/8,::1",command="echo a b" ${TWO}^M`,
      );
      await thereAndBack(authorizedKeyTask, { user: 'eve', key: ONE, exclusive: true }, 'update', ['keys']);
      await thereAndBack(authorizedKeyTask, { user: 'eve', key: TWO, state: 'absent' }, 'update', ['keys']);
      await apply(authorizedKeyTask, { user: 'eve', key: `${ONE}\n${TWO}`, state: 'absent' });
      expect(await run('cat -v /home/eve/.ssh/authorized_keys')).toBe('# mine^M\n^M');
    });

    test('keys in a directory that is root’s stay readable for their user', async () => {
      await run('mkdir /etc/ssh/keys');
      await apply(authorizedKeyTask, { user: 'eve', key: ONE, path: '/etc/ssh/keys/eve' });
      expect(await run("stat -c '%a %U' /etc/ssh/keys/eve; su -s /bin/sh eve -c 'cat /etc/ssh/keys/eve'")).toBe(
        `644 root\n${ONE}`,
      );
      await run('chown eve /etc/ssh/keys/eve; chmod 600 /etc/ssh/keys/eve');
      await apply(authorizedKeyTask, { user: 'eve', key: TWO, path: '/etc/ssh/keys/eve' });
      expect(await run("stat -c '%a %U' /etc/ssh/keys/eve")).toBe('600 eve');
    });

    test('a user who swaps .ssh for a link all the time leads root nowhere', async () => {
      const keys = await run('cat /root/.ssh/authorized_keys; ls -A /root/.ssh');
      const params = authorizedKeyTask.params.parse({ user: 'eve', key: ONE });
      const after = { keys: [], owner: 'eve', mode: '0600', directory_mode: '0700' };
      const script = authorizedKeyTask.apply(
        { action: 'create', before: null, after, keys: [] },
        params,
        debian12Facts,
      );
      await run(`${HOST_FILES}cat >/run/swap <<'END'
cd /home/eve; while :; do
  mkdir .ssh; mv .ssh .y; ln -s /root/.ssh .ssh; rm -f .ssh; mv .y .ssh
  ln -sf /root/.ssh/authorized_keys .ssh/authorized_keys; rm -f .ssh/authorized_keys
done
END
setpriv --reuid=eve --regid=eve --init-groups sh /run/swap >/dev/null 2>&1 </dev/null &
swapper=$!
try() { (set -eu; umask 077
${script}
); }
tried=0
while [ "$tried" -lt 100 ]; do try </dev/null >/dev/null 2>&1; tried=$((tried + 1)); done
kill "$swapper"`);
      expect(await run('cat /root/.ssh/authorized_keys; ls -A /root/.ssh')).toBe(keys);
    });

    test('a sudoers rule counts at once, and one that sudo would not read is refused', async () => {
      await apply(sudoersTask, { name: 'eve', user: 'eve', commands: ['/usr/bin/id -u'], nopassword: true });
      expect(
        await run(
          "stat -c '%a %U:%G' /etc/sudoers.d/eve; su -s /bin/sh eve -c 'sudo -n id -u; sudo -n id 2>/dev/null || echo refused'",
        ),
      ).toBe('440 root:root\n0\nrefused');
      await run('chmod 0666 /etc/sudoers.d/eve');
      expect(
        (await apply(sudoersTask, { name: 'eve', user: 'eve', commands: ['/usr/bin/id -u'], nopassword: true })).change
          ?.keys,
      ).toEqual(['mode']);
      await expect(
        apply(sudoersTask, { name: 'eve', user: 'eve', commands: '/bin/a', runas: 'nobody-knows:x y' }),
      ).rejects.toThrow('user:group');
      await run("sed -i 's/^@includedir/#was/' /etc/sudoers");
      await expect(apply(sudoersTask, { name: 'two', user: 'eve', commands: 'ALL' })).rejects.toThrow(
        'does not read /etc/sudoers.d',
      );
      await run("sed -i 's/^#was/@includedir/' /etc/sudoers; printf 'broken rule\\n' >/etc/sudoers.d/other");
      await expect(apply(sudoersTask, { name: 'two', user: 'eve', commands: 'ALL' })).rejects.toThrow(
        '/etc/sudoers.d/other',
      );
      await run('rm /etc/sudoers.d/other');
      await apply(sudoersTask, { name: 'eve', state: 'absent' });
      expect(await run('ls /etc/sudoers.d | grep eve || echo gone')).toBe('gone');
    });
  },
  300_000,
);
