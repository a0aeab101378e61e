import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { mountTask } from '../../src/tasks/mount/index.ts';
import { editFstab } from '../../src/tasks/mount/scripts.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

interface Host {
  /** `findmnt -P`'s lines. */
  readonly kernel?: string;
  readonly same?: boolean;
  readonly directory?: string;
  readonly source?: string;
  readonly fstab?: string;
}

function host({ kernel = '', same = false, directory = '', source, fstab = '' }: Host): string {
  const line = (text: string): string => (text === '' ? '' : `${text}\n`);
  return `== kernel\n${line(kernel)}== same\n${line(same ? 'yes' : '')}== directory\n${line(directory)}${source === undefined ? '' : `== source\n${line(source)}`}== fstab\n${line(fstab)}`;
}

const mounted = (source: string, fstype: string, options: string): string =>
  `SOURCE="${source}" FSTYPE="${fstype}" OPTIONS="${options}"`;
const shm = { path: '/dev/shm', src: 'tmpfs', fstype: 'tmpfs', opts: 'rw,nosuid,nodev,noexec' };
const disk = { path: '/var/lib/docker', src: 'UUID=2f5c', fstype: 'ext4', opts: 'defaults,nodev', passno: 2 };
const diskLine = 'UUID=2f5c /var/lib/docker ext4 defaults,nodev 0 2';

describeTask(mountTask, [
  {
    name: 'leaves alone what is mounted as it should be, now and at boot',
    params: disk,
    given: host({
      kernel: mounted('/dev/vdb', 'ext4', 'rw,nodev,relatime'),
      same: true,
      directory: 'full',
      source: 'ext4',
      fstab: diskLine,
    }),
    expect: { action: 'none', findings: [], provides: ['path:/var/lib/docker'] },
  },
  {
    name: 'mounts on an empty directory',
    params: disk,
    given: host({ directory: 'empty', source: 'ext4' }),
    expect: {
      before: { fstab: 'none', mounted: 'no', flags: [] },
      keys: ['fstab', 'mounted', 'flags'],
      script: [diskLine, 'systemctl daemon-reload', 'mount -- /var/lib/docker'],
      undo: ['umount -- /var/lib/docker'],
      keeps: ['/etc/fstab'],
      findings: [],
      risk: 'none',
    },
  },
  {
    name: 'makes the directory',
    params: disk,
    given: host({ source: 'ext4' }),
    expect: {
      before: { directory: 'missing' },
      script: ['[ -d /var/lib/docker ] || mkdir -p -m 0755 /var/lib/docker'],
      findings: [],
    },
  },
  {
    name: 'refuses to hide what a directory holds',
    params: disk,
    given: host({ directory: 'full', source: 'ext4' }),
    expect: {
      findings: [
        /^refuse: \/var\/lib\/docker is not empty, and its content would be hidden.*Stop docker\.service, docker\.socket/,
      ],
    },
  },
  {
    name: 'hides it with consent',
    params: { ...disk, hide_existing: true },
    given: host({ directory: 'full', source: 'ext4' }),
    expect: { findings: [] },
  },
  {
    name: 'a line in fstab hides it after the next boot',
    params: { ...disk, state: 'present' },
    given: host({ directory: 'full', source: 'ext4' }),
    expect: {
      keys: ['fstab'],
      findings: [/^refuse: .*hidden by the mount after the next boot/],
      notScript: ['mount --'],
    },
  },
  {
    name: 'remounts where flags do not hold',
    params: shm,
    given: host({ kernel: mounted('tmpfs', 'tmpfs', 'rw,nosuid,nodev,size=2468244k'), directory: 'full' }),
    expect: {
      before: { mounted: 'yes', flags: ['rw', 'nosuid', 'nodev'] },
      keys: ['fstab', 'flags'],
      script: [/daemon-reload\nmount -o remount -- \/dev\/shm/],
      undo: ['mount -o remount,rw,nosuid,nodev,exec,strictatime -- /dev/shm'],
      findings: [],
    },
  },
  {
    name: 'remounts where an option of the file system does not hold',
    params: { path: '/proc', src: 'proc', fstype: 'proc', opts: 'nosuid,hidepid=2' },
    given: host({
      kernel: mounted('proc', 'proc', 'rw,nosuid,relatime'),
      fstab: 'proc /proc proc nosuid,hidepid=2 0 0',
    }),
    expect: {
      keys: ['flags'],
      script: ['mount -o remount -- /proc'],
      undo: [/mount -o remount,rw,.*hidepid=0 -- \/proc/],
      findings: [],
    },
  },
  {
    name: 'knows an option by what it means, however it is written',
    params: { ...shm, opts: 'size=64m,mode=01777,gid=tty' },
    given: `${host({ kernel: mounted('tmpfs', 'tmpfs', 'rw,size=65536k,gid=5'), fstab: 'tmpfs /dev/shm tmpfs size=64m,mode=01777,gid=tty 0 0' })}== ids\ngid=tty 5\n`,
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'sees that a size is another one',
    params: { ...shm, opts: 'size=64m' },
    given: host({ kernel: mounted('tmpfs', 'tmpfs', 'rw,size=2468244k'), fstab: 'tmpfs /dev/shm tmpfs size=64m 0 0' }),
    expect: { keys: ['flags'], undo: [/size=2468244k/] },
  },
  {
    name: 'says of an option that the kernel never shows that it is not proved',
    params: { ...disk, opts: 'data=ordered,journal_checksum' },
    given: host({
      kernel: mounted('/dev/vdb', 'ext4', 'rw,relatime'),
      same: true,
      source: 'ext4',
      fstab: 'UUID=2f5c /var/lib/docker ext4 data=ordered,journal_checksum 0 2',
    }),
    expect: { action: 'none', findings: [/does not tell whether journal_checksum is in force/] },
  },
  {
    name: 'the mount on top counts',
    params: shm,
    given: host({
      kernel: `${mounted('/dev/vda', 'ext4', 'ro')}\n${mounted('tmpfs', 'tmpfs', 'rw,nosuid,nodev,noexec')}`,
      fstab: 'tmpfs /dev/shm tmpfs rw,nosuid,nodev,noexec 0 0',
    }),
    expect: { action: 'none' },
  },
  {
    name: 'refuses a place where something else is mounted',
    params: disk,
    given: host({ kernel: mounted('/dev/vdc1', 'xfs', 'rw'), directory: 'full', source: 'ext4', fstab: diskLine }),
    expect: {
      before: { mounted: '/dev/vdc1 (xfs)' },
      findings: [/^refuse: \/var\/lib\/docker already has \/dev\/vdc1 \(xfs\) mounted on it/],
    },
  },
  {
    name: 'refuses a source that is not there',
    params: disk,
    given: host({ directory: 'empty', source: 'missing' }),
    expect: { findings: [/^refuse: UUID=2f5c is not there/] },
  },
  {
    name: 'never formats',
    params: disk,
    given: host({ directory: 'empty', source: 'nothing' }),
    expect: { findings: [/^refuse: UUID=2f5c holds no file system.*harden never formats/] },
  },
  {
    name: 'refuses another file system',
    params: disk,
    given: host({ directory: 'empty', source: 'xfs' }),
    expect: { findings: [/^refuse: UUID=2f5c holds xfs, not ext4/] },
  },
  {
    name: 'a bind mount is known by what it shows, and remounts by itself alone',
    params: { path: '/srv/logs', src: '/var/log', fstype: 'none', opts: 'bind,ro' },
    given: host({
      kernel: mounted('/dev/vda[/var/log]', 'ext4', 'rw,relatime'),
      same: true,
      fstab: '/var/log /srv/logs none bind,ro 0 0',
    }),
    expect: {
      before: { mounted: 'yes' },
      keys: ['flags'],
      needs: ['path:/var/log'],
      undo: ['remount,bind,rw,suid,dev,exec,relatime'],
    },
  },
  {
    name: 'names of disks change',
    params: { ...disk, src: '/dev/sdb1' },
    given: host({ directory: 'empty', source: 'ext4' }),
    expect: { findings: [/^warn: \/dev\/sdb1 may be another disk/] },
  },
  {
    name: 'unmounts and leaves fstab alone',
    params: { path: '/mnt/x', state: 'unmounted' },
    given: host({ kernel: mounted('/dev/vdb', 'ext4', 'rw'), fstab: 'UUID=x /mnt/x ext4 defaults 0 0' }),
    expect: {
      keys: ['mounted'],
      script: ['umount -- /mnt/x'],
      notScript: ['fstab'],
      undo: ['mount -- /mnt/x'],
      keeps: [],
    },
  },
  {
    name: 'absent unmounts and takes the line out',
    params: { path: '/mnt/x', state: 'absent' },
    given: host({ kernel: mounted('/dev/vdb', 'ext4', 'rw'), fstab: 'UUID=x /mnt/x ext4 defaults 0 0' }),
    expect: { keys: ['fstab', 'mounted'], script: [/umount -- \/mnt\/x\n/], findings: [], provides: [] },
  },
  {
    name: 'absent holds where there is nothing',
    params: { path: '/mnt/x', state: 'absent' },
    given: host({}),
    expect: { action: 'none' },
  },
  {
    name: 'a mount over the homes may cut the login off',
    params: { path: '/home', src: 'UUID=1', fstype: 'ext4' },
    given: host({ directory: 'empty', source: 'ext4' }),
    expect: { risk: 'access' },
  },
]);

describeInvalid(mountTask, [
  { name: 'no source', params: { path: '/mnt/x' }, message: 'src and fstype' },
  { name: 'a remount', params: { ...disk, state: 'remounted' }, message: 'remounted by itself' },
  { name: 'a relative path', params: { ...disk, path: 'mnt' }, message: 'absolute path' },
  { name: 'spaces', params: { ...disk, src: 'LABEL=my disk' }, message: 'src has no spaces' },
]);

test.each([
  ['appends', '# fstab\nUUID=1 / ext4 defaults 0 1\n', 'present', `# fstab\nUUID=1 / ext4 defaults 0 1\n${diskLine}\n`],
  [
    'replaces where it stands, once',
    'a /var/lib/docker/ ext4 ro\nb /mnt xfs ro\nc\t/var/lib/docker ext4 rw 0 0\n',
    'present',
    `${diskLine}\nb /mnt xfs ro\n`,
  ],
  [
    'leaves comments and swap',
    '#a /var/lib/docker ext4\nb none swap sw 0 0\n',
    'present',
    `#a /var/lib/docker ext4\nb none swap sw 0 0\n${diskLine}\n`,
  ],
  ['takes out', 'a /var/lib/docker ext4 ro\nb /mnt xfs ro\n', 'absent', 'b /mnt xfs ro\n'],
])('fstab: %s', (_name, old, state, wanted) => {
  const params = mountTask.params.parse({ ...disk, state });
  const { stdout } = spawnSync('sh', ['-c', `set -eu; old=/dev/stdin\n${editFstab(params)}`], {
    input: old,
    encoding: 'utf8',
  });
  expect(stdout).toBe(wanted);
});
