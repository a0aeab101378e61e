import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST_FILES } from '../../src/engine/host-files/index.ts';
import { blockinfileTask } from '../../src/tasks/blockinfile.ts';
import { copyTask } from '../../src/tasks/copy.ts';
import { fileTask } from '../../src/tasks/file/index.ts';
import { lineinfileTask } from '../../src/tasks/lineinfile.ts';
import { replaceFile, transformFile } from '../../src/tasks/support/replace-file.ts';
import { setAttributes } from '../../src/tasks/support/set-attributes.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { converge, runOnHost } from './support/on-host.ts';

const unavailable = await labUnavailable();
const setup = `mkdir /srv/t
apt-get -q update >/dev/null && apt-get -q -y install acl attr >/dev/null`;

describe.skipIf(unavailable !== undefined)(`files on a host${unavailable ? ` (left out: ${unavailable})` : ''}`, () => {
  let host: LabHost;
  const run = async (script: string) => {
    const { stdout, stderr, exitCode } = await host.exec('sh -eu', { input: script });
    expect({ script, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ script, exitCode: 0, stderr: '' });
    return stdout;
  };
  beforeAll(async () => {
    host = await bootHost({ setup });
  }, 600_000);
  afterAll(() => host?.stop());

  test('a replaced file keeps its owner, mode, ACL and extended attributes', async () => {
    await run(
      'cd /srv/t; echo old >kept; chown admin0:adm kept; chmod 0640 kept; setfattr -n user.note -v yes kept; setfacl -m u:admin1:rw kept',
    );
    const facts = 'cd /srv/t; cat kept; stat -c "%U %G" kept; getfattr -d kept; getfacl -c kept';
    const before = await run(facts);
    expect((await runOnHost(host, replaceFile({ path: '/srv/t/kept', content: 'new\n' }))).exitCode).toBe(0);
    expect(await run(facts)).toBe(before.replace('old', 'new'));
    const louder = transformFile({ path: '/srv/t/kept', produce: 'tr a-z A-Z <"$old"' });
    expect((await runOnHost(host, louder)).exitCode).toBe(0);
    expect(await run(facts)).toBe(before.replace('old', 'NEW'));
  });

  test('a secret has its owner and mode before it has its content', async () => {
    const produce = 'stat -c "%U:%G %a %s" new >/srv/t/seen; echo secret';
    const attributes = { owner: 'admin0', group: 'adm', mode: '0400' };
    await runOnHost(host, transformFile({ path: '/srv/t/secret', produce, ...attributes }));
    expect(await run('cat /srv/t/seen; stat -c "%U:%G %a" /srv/t/secret')).toBe('admin0:adm 400 0\nadmin0:adm 400');
  });

  test.each(['a b', '-n', 'new\nline', "it's", '$(touch pwned)', 'é*?'])('the name %j is a name', async (name) => {
    const path = `/srv/t/names/${name}`;
    expect(await converge(host, fileTask, { path: '/srv/t/names', state: 'directory' })).toMatchObject({ left: [] });
    expect(await converge(host, copyTask, { dest: path, content: name })).toEqual({ action: 'create', left: [] });
    expect(await converge(host, lineinfileTask, { path, line: 'x' })).toEqual({ action: 'update', left: [] });
    expect(await converge(host, fileTask, { path, mode: '0600' })).toEqual({ action: 'update', left: [] });
    expect(await converge(host, fileTask, { path, state: 'absent' })).toEqual({ action: 'delete', left: [] });
    expect(await run('find /srv/t/names -mindepth 1')).toBe('');
  });

  test('a link is followed where root alone can have put it, and nowhere else', async () => {
    await run(`cd /srv/t; echo x >target; ln -s target link; ln -s nothing dangling; ln -s /home/admin0/shadow detour; ln -s loop loop
ln -s /etc/shadow /home/admin0/shadow; ln -s /etc /home/admin0/etc`);
    const shadow = await run('sha256sum /etc/shadow; stat -c %a:%U /etc/shadow');
    for (const path of ['/home/admin0/shadow', '/home/admin0/etc/evil', '/srv/t/detour', '/srv/t/loop']) {
      for (const script of [replaceFile({ path, content: 'x' }), setAttributes(path, { mode: '0666' })]) {
        const { exitCode, stderr } = await runOnHost(host, script);
        expect({ path, exitCode, stderr }).toEqual({
          path,
          exitCode: 1,
          stderr: expect.stringMatching(/symbolic link/),
        });
      }
      expect((await converge(host, copyTask, { dest: path, content: 'x' })).failure).toMatch(/symbolic link/);
    }
    expect(await run('sha256sum /etc/shadow; stat -c %a:%U /etc/shadow; [ ! -e /etc/evil ]')).toBe(shadow);
    for (const path of ['/srv/t/link', '/srv/t/dangling', '/var/run/through'])
      expect(await converge(host, copyTask, { dest: path, content: path })).toMatchObject({ left: [] });
    expect(await run('cd /srv/t; readlink link dangling; cat target nothing /run/through')).toBe(
      'target\nnothing\n/srv/t/link/srv/t/dangling/var/run/through',
    );
  });

  test('a full disk leaves the old file, and nothing beside it', async () => {
    await run('mkdir -p /mnt/s; mount -t tmpfs -o size=64k tmpfs /mnt/s; printf old >/mnt/s/f');
    const content = 'x'.repeat(200_000);
    for (const script of [
      replaceFile({ path: '/mnt/s/f', content }),
      replaceFile({ path: '/mnt/s/f', content: `${content}\0` }),
      replaceFile({ path: '/mnt/s/g', content }),
      transformFile({ path: '/mnt/s/f', produce: 'cat "$old" && head -c 200000 /dev/zero' }),
    ]) {
      const { exitCode, stderr } = await runOnHost(host, script);
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('0 KiB free on /mnt/s') });
    }
    expect(await run('cat /mnt/s/f; ls -A /mnt/s; umount /mnt/s')).toBe('oldf');
  });

  test('kill -9 at any moment leaves the old file or the new one', async () => {
    const [a = '', b = ''] = ['a', 'b'].map((letter) =>
      replaceFile({ path: '/srv/t/k/f', content: letter.repeat(100_000) }),
    );
    await run('mkdir /srv/t/k');
    await host.exec('cat >/srv/t/loop.sh', { input: `${HOST_FILES}while :; do\n${a}\n${b}\ndone\n` });
    const said =
      await run(`for delay in 0.05 0.06 0.07 0.08 0.09 0.1 0.11 0.12 0.13 0.14 0.15 0.16 0.17 0.18 0.19 0.2; do
  setsid sh /srv/t/loop.sh & sleep $delay; kill -9 -$!; wait $! || :
  [ ! -e /srv/t/k/f ] || printf '%s:%s ' "$(wc -c </srv/t/k/f)" "$(tr -s ab </srv/t/k/f)"
done`);
    expect(said.trim().split(' ').length).toBeGreaterThan(10);
    expect(said.replaceAll(/100000:[ab] ?/g, '')).toBe('');
    await runOnHost(host, replaceFile({ path: '/srv/t/k/f', content: 'end' }));
    expect(await run('ls -A /srv/t/k')).toBe('f');
  }, 90_000);

  test('directories, links and attributes', async () => {
    for (const params of [
      { path: '/srv/t/d/e/f', state: 'directory', owner: 'admin0', group: 'adm', mode: '2750' },
      { path: '/srv/t/d/e/f', state: 'directory', mode: '0755' },
      { path: '/srv/t/d/e/f', mode: '0700', owner: 0 },
      { path: '/srv/t/d/l', state: 'link', src: 'e' },
      { path: '/srv/t/d/l', state: 'link', src: 'e/f', owner: 'admin0' },
      { path: '/srv/t/d/t', state: 'touch', mode: '0640' },
      { path: '/srv/t/d/t', state: 'link', src: 'l', force: true },
      { path: '/home/admin0/.ssh', state: 'directory', owner: 'admin0', mode: '0750' },
      { path: '/home/admin0/.ssh/authorized_keys', owner: 'admin0', mode: '0640' },
    ]) {
      const outcome = await converge(host, fileTask, params);
      expect(outcome).toEqual({ action: expect.stringMatching(/create|update/), left: [] });
    }
    expect(await run('cd /srv/t/d; stat -c "%n %F %a %U:%G" e e/f l t; readlink l t')).toBe(
      `e directory 755 root:root
e/f directory 700 root:adm
l symbolic link 777 admin0:root
t symbolic link 777 root:root
e/f
l`,
    );
    expect(await converge(host, fileTask, { path: '/srv/t/d', state: 'absent' })).toEqual({
      action: 'delete',
      left: [],
    });
  });

  test('several edits of one file leave each other alone', async () => {
    await run("printf 'one\\n#two\\nthree' >/srv/t/edited; chmod 0640 /srv/t/edited");
    const path = '/srv/t/edited';
    for (const [type, params] of [
      [lineinfileTask, { path, regexp: '^#?two', line: 'two = 2' }],
      [lineinfileTask, { path, line: 'zero', insertbefore: 'BOF' }],
      [blockinfileTask, { path, block: 'a\nb', insertafter: '^two' }],
      [lineinfileTask, { path, regexp: '^on', state: 'absent' }],
      [blockinfileTask, { path, block: 'end', marker: '; {mark}' }],
    ] as const)
      expect(await converge(host, type, params)).toEqual({ action: 'update', left: [] });
    expect(await run('cat /srv/t/edited; stat -c %a /srv/t/edited')).toBe(
      `zero
two = 2
# BEGIN HARDEN MANAGED BLOCK
a
b
# END HARDEN MANAGED BLOCK
three
; BEGIN
end
; END
640`,
    );
  });

  test.each([
    ['/etc/ssh/sshd_config.d/x.conf', 'PermitRootLogin nope\n', /x\.conf line 1: unsupported option "nope"/],
    ['/etc/ssh/sshd_config', 'Include sshd_config.d/*.conf\nBogus 1\n', /\/etc\/ssh\/sshd_config: line 2: Bad config/],
    ['/etc/sudoers.d/x', 'bogus line\n', /\/etc\/sudoers\.d\/x:1:\d+: syntax error/],
    ['/etc/apt/apt.conf.d/99x', 'Foo "bar"; }\nx', /Syntax error \/etc\/apt\/apt\.conf\.d\/99x:\d/],
    ['/etc/sysctl.d/90-x.conf', 'kernel.bogus = 1\n', /the kernel has no key kernel\.bogus/],
    ['/etc/sysctl.d/90-x.conf', 'foo\n', /not "key = value": foo/],
  ])('%s refuses %j, and is not written', async (dest, content, failure) => {
    const look = `cat ${dest} 2>/dev/null || echo none; ls -A /run ${dest.replace(/[^/]*$/, '')}`;
    const before = await run(look);
    expect(await converge(host, copyTask, { dest, content })).toMatchObject({
      failure: expect.stringMatching(failure),
    });
    expect(await run(look)).toBe(before);
  });

  test.each([
    ['/etc/ssh/sshd_config.d/x.conf', 'X11Forwarding no\n'],
    ['/etc/sudoers.d/x', 'admin1 ALL=(ALL) ALL\n'],
    ['/etc/apt/apt.conf.d/99x', 'Foo "bar";\n'],
    [
      '/etc/sysctl.d/90-x.conf',
      '# all\nnet.ipv4.ip_forward = 1\nnet/ipv4/conf/all/rp_filter=1\n-nix.nix = 1\nnet.ipv4.conf.*.rp_filter = 1\n',
    ],
  ])('%s takes what its program takes', async (dest, content) => {
    expect(await converge(host, copyTask, { dest, content, mode: '0440' })).toEqual({ action: 'create', left: [] });
  });

  test('bytes that are not text arrive as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 7) % 256));
    const { exitCode } = await runOnHost(host, replaceFile({ path: '/srv/t/bytes', content: bytes }));
    expect(exitCode).toBe(0);
    expect(await run('base64 -w0 /srv/t/bytes')).toBe(bytes.toString('base64'));
  });
});
