import { describe, expect, test } from 'vitest';
import { diff } from '../../src/engine/diff.ts';
import type { State } from '../../src/engine/state.ts';
import { aptTask } from '../../src/tasks/apt/index.ts';
import { debian12Facts, describeInvalid, describeTask } from '../support/describe-task.ts';

const NOW = 1_700_000_000;

/** A row as the probe's dpkg-query prints it. */
function installed(name: string, version: string, status = 'ii ', architecture = 'amd64'): string {
  return `P|${status}|${name}|${architecture}|${version}|${name}|\n`;
}

/** The age of the lists, and what apt-cache policy says, as the probe prints them. */
function lists(secondsOld: number, policy: string, sources = NOW - 1_000_000): string {
  return `T|${NOW}|1|L${NOW - secondsOld}.5 S${sources}.25 \npolicy:\n${policy}`;
}

const nginx = `nginx:
  Installed: (none)
  Candidate: 1.22.1-9+deb12u2
  Version table:
     1.22.1-9+deb12u2 500
        500 http://deb.example/debian-security bookworm-security/main amd64 Packages
     1.22.1-9 500
        500 http://deb.example/debian bookworm/main amd64 Packages
`;
const virtual = `mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
`;

describeTask(aptTask, [
  {
    name: 'installs what is missing, and only that',
    params: { name: ['nginx', 'curl'] },
    given: installed('curl', '7.88.1-10') + lists(60, nginx),
    expect: {
      before: { nginx: 'absent', curl: 'installed' },
      action: 'update',
      keys: ['nginx'],
      script: ['apt_install --no-remove nginx\n', 'apt_mend\n', /force-confdef.*force-confold/],
      findings: [],
      provides: ['package:nginx', 'package:curl'],
      needs: ['command:apt-get'],
    },
  },
  {
    name: 'installed is done',
    params: { name: 'curl', update_cache: true },
    given: installed('curl', '1'),
    expect: { action: 'none' },
  },
  {
    name: 'a removed package that left its configuration is not installed',
    params: { name: 'curl' },
    given: installed('curl', '1', 'rc '),
    expect: { before: { curl: 'absent' }, keys: ['curl'], findings: [] },
  },
  {
    name: 'half configured is not installed',
    params: { name: 'curl' },
    given: installed('curl', '1', 'iF '),
    expect: { before: { curl: 'half-configured' }, keys: ['curl'] },
  },
  {
    name: 'a held package is installed',
    params: { name: 'curl' },
    given: installed('curl', '1', 'hi '),
    expect: { action: 'none' },
  },
  {
    name: 'the architecture counts where it is named',
    params: { name: 'libc6:i386' },
    given: installed('libc6', '2.36', 'ii ', 'amd64') + lists(60, ''),
    expect: {
      before: { 'libc6:i386': 'absent' },
      script: ['libc6:i386\n'],
      provides: ['package:libc6'],
      findings: [/refuse: there is no package libc6:i386/],
    },
  },
  {
    name: 'a name that fresh lists do not have is refused',
    params: { name: ['ngnix', 'mail-transport-agent'] },
    given: lists(60, virtual),
    expect: { findings: [/refuse: there is no package ngnix/, /refuse: mail-transport-agent has no version/] },
  },
  {
    name: 'without lists nothing can be said of names',
    params: { name: 'ngnix' },
    given: `T|${NOW}|0|L${NOW}.0 S1.0 \npolicy:\n`,
    expect: { keys: ['ngnix'], findings: [] },
  },
  {
    name: 'lists older than the sources say nothing of names',
    params: { name: 'docker-ce' },
    given: lists(60, '', NOW - 30),
    expect: { findings: [] },
  },
  {
    name: 'lists of the day before yesterday say nothing of names',
    params: { name: 'ngnix' },
    given: lists(200_000, ''),
    expect: { findings: [] },
  },
  {
    name: 'a pinned version is the version',
    params: { name: 'nginx=1.22.1-9+deb12u2' },
    given: installed('nginx', '1.22.1-9') + lists(60, nginx),
    expect: {
      before: { nginx: '1.22.1-9' },
      want: { nginx: '1.22.1-9+deb12u2' },
      keys: ['nginx'],
      script: ['--no-remove nginx=1.22.1-9+deb12u2\n'],
      notScript: ['apt_install --no-remove --allow-downgrades'],
      findings: [],
    },
  },
  {
    name: 'an older version needs consent',
    params: { name: 'nginx=1.22.1-9' },
    given: installed('nginx', '1.22.1-9+deb12u2') + lists(60, nginx),
    expect: { findings: [/refuse: nginx is at 1\.22\.1-9\+deb12u2, newer than 1\.22\.1-9.*allow_downgrade/] },
  },
  {
    name: 'consent to an older version',
    params: { name: 'nginx=1.22.1-9', allow_downgrade: true },
    given: installed('nginx', '1.22.1-9+deb12u2') + lists(60, nginx),
    expect: { findings: [], script: ['--allow-downgrades'] },
  },
  {
    name: 'a version that the lists do not have is refused',
    params: { name: 'nginx=9' },
    given: lists(60, nginx),
    expect: { findings: [/refuse: nginx has no version 9 .*1\.22\.1-9\+deb12u2, 1\.22\.1-9/] },
  },
  {
    name: 'latest upgrades',
    params: { name: 'nginx', state: 'latest' },
    given: installed('nginx', '1.22.1-9') + lists(60, nginx),
    expect: {
      before: { nginx: '1.22.1-9 (1.22.1-9+deb12u2 is there)' },
      want: { nginx: 'latest' },
      keys: ['nginx'],
      findings: [],
    },
  },
  {
    name: 'latest is refused on hold',
    params: { name: 'nginx', state: 'latest' },
    given: installed('nginx', '1.22.1-9', 'hi ') + lists(60, nginx),
    expect: { findings: [/refuse: nginx is on hold/] },
  },
  {
    name: 'latest with old lists refreshes them',
    params: { name: 'nginx', state: 'latest', update_cache: true },
    given: installed('nginx', '1.22.1-9+deb12u2') + lists(4000, nginx),
    expect: { keys: ['package_lists'], script: ['apt_refresh 3600\n', 'apt_install --no-remove nginx\n'] },
  },
  {
    name: 'options reach apt-get',
    params: {
      name: 'nginx',
      install_recommends: false,
      default_release: 'bookworm-backports',
      lock_timeout: 7,
      update_cache: true,
      cache_valid_time: 60,
    },
    given: '',
    expect: {
      script: ['-oAPT::Install-Recommends=false', '-t bookworm-backports nginx', '+ 7))', 'apt_refresh 60\n'],
    },
  },
  {
    name: 'absent is done',
    params: { name: 'curl', state: 'absent' },
    given: installed('curl', '1', 'rc '),
    expect: { before: null, action: 'none' },
  },
  {
    name: 'removal shows what goes along',
    params: { name: ['iptables', 'curl'], state: 'absent', autoremove: true },
    given: `${installed('iptables', '1.8')}Remv ufw [0.36]\nRemv iptables [1.8]\n`,
    expect: {
      before: { iptables: '1.8', also_removes: ['ufw'] },
      action: 'delete',
      script: [`apt_remove_only 'iptables ufw' --autoremove remove iptables\n`],
      findings: ['warn: removes ufw too'],
      provides: [],
    },
  },
  {
    name: 'purge removes what configuration is left',
    params: { name: 'curl', state: 'absent', purge: true },
    given: `${installed('curl', '1', 'rc ')}Purg curl\n`,
    expect: {
      before: { curl: 'configuration files' },
      action: 'delete',
      script: ['apt_remove_only curl purge curl\n'],
    },
  },
  {
    name: 'the way in is not removed',
    params: { name: ['openssh-server', 'sudo'], state: 'absent' },
    given: installed('openssh-server', '1') + installed('sudo', '1'),
    facts: { login: 'admin' },
    expect: { findings: [/refuse: removes openssh-server/, /refuse: removes sudo, with which admin/] },
  },
  {
    name: 'what apt would refuse is refused',
    params: { name: 'bash', state: 'absent' },
    given: `${installed('bash', '5')}E: Essential packages were removed and -y was used without --allow-remove-essential.\n`,
    expect: { findings: [/refuse: apt refuses: Essential/] },
  },
  {
    name: 'fresh lists are enough',
    params: { update_cache: true },
    given: `T|${NOW}|1|L${NOW - 100}.0 S1.0 \n`,
    expect: { before: { package_lists: 'fresh' }, action: 'none' },
  },
  {
    name: 'old lists are refreshed',
    params: { update_cache: true, cache_valid_time: 60 },
    given: `T|${NOW}|1|L${NOW - 100}.0 S1.0 \n`,
    expect: { keys: ['package_lists'], script: ['apt_refresh 60\n'], notScript: [/^apt_get .*upgrade/m] },
  },
  {
    name: 'an upgrade shows each package',
    params: { upgrade: 'dist', update_cache: true, autoremove: true },
    given: `T|${NOW}|1|L${NOW - 9999}.0 S1.0 \nupgrade:\nRemv old [1]\nInst openssl [3.0.15-1] (3.0.16-1 Debian-Security:12/stable-security [amd64])\nInst extra (2.0 Debian [all])\nautoremove:\nRemv libx [1]\n`,
    expect: {
      before: {
        package_lists: 'old',
        upgrades: ['remove old', 'openssl 3.0.15-1 → 3.0.16-1', 'install extra 2.0'],
        not_needed: ['libx'],
      },
      want: { package_lists: 'fresh', upgrades: [], not_needed: [] },
      script: ['apt_remove_only old dist-upgrade\n', 'apt_refresh 3600\n'],
      findings: ['warn: the upgrade removes old', /warn: the package lists are refreshed first/],
    },
  },
  {
    name: 'a safe upgrade removes nothing',
    params: { upgrade: true },
    given: 'T|1700000000|1|L1.0 S1.0 \nupgrade:\nInst openssl [1] (2 D [amd64])\n',
    expect: { keys: ['upgrades'], script: ['apt_get --no-remove --with-new-pkgs upgrade\n'] },
  },
  {
    name: 'packages that nothing needs',
    params: { autoremove: true },
    given: 'T|1700000000|1|L1.0 S1.0 \nautoremove:\nRemv libx [1]\nRemv liby [1]\n',
    expect: { keys: ['not_needed'], script: [`apt_remove_only 'libx liby' autoremove\n`] },
  },
]);

describeInvalid(aptTask, [
  { name: 'nothing to do', params: {}, message: 'say what must hold' },
  { name: 'a glob', params: { name: 'php*' }, message: 'holds a glob' },
  { name: 'a version glob', params: { name: 'nginx=1.22*' }, message: 'holds a glob' },
  { name: 'a removal in disguise', params: { name: 'nginx-' }, message: 'not the name of a package' },
  { name: 'an option', params: { name: '--allow-downgrades' }, message: 'not the name of a package' },
  { name: 'a release', params: { name: 'nginx/bookworm-backports' }, message: 'default_release: bookworm-backports' },
  {
    name: 'purge of what must be there',
    params: { name: 'nginx', purge: true },
    message: 'purge goes with state: absent',
  },
  { name: 'latest of nothing', params: { state: 'latest', update_cache: true }, message: 'needs the name' },
  {
    name: 'latest of a version',
    params: { name: 'a1=1', state: 'latest' },
    message: 'which only state: present can hold',
  },
  { name: 'the same package twice', params: { name: ['nginx', 'nginx=1'] }, message: 'nginx is named twice' },
  { name: 'an upgrade with a name', params: { name: 'nginx', upgrade: 'dist' }, message: 'a task of its own' },
]);

test('a package of a source that an earlier task brings is not refused', () => {
  const params = aptTask.params.parse({ name: 'docker-ce' });
  const before = aptTask.read(lists(60, ''), params);
  const change = { action: 'update' as const, before, after: { 'docker-ce': 'installed' }, keys: ['docker-ce'] };
  const findings = aptTask.findings?.(change, params, {
    facts: debian12Facts,
    before,
    pending: ['path:/etc/apt/sources.list.d/docker.sources'],
  });
  expect(findings?.map(({ level }) => level)).toEqual(['warn']);
});

describe('what apt would refuse, asked once for all tasks', () => {
  type Foreseen = Parameters<NonNullable<typeof aptTask.foresee>['script']>[0][number];
  const entry = (index: number, params: unknown, before: Record<string, string | string[]>): Foreseen => {
    const p = aptTask.params.parse(params);
    const change = diff<State>(before, aptTask.want(p, debian12Facts, before));
    return { index, params: p, change: change! };
  };
  const nano = entry(3, { name: 'nano' }, { nano: 'absent' });
  const chrony = entry(5, { name: 'chrony' }, { chrony: 'absent' });
  const timesyncd = (index: number) =>
    entry(index, { name: 'systemd-timesyncd', state: 'absent' }, { 'systemd-timesyncd': '252' });
  const asked = (all: readonly Foreseen[]) => aptTask.foresee?.script(all) ?? '';
  const said = (all: readonly Foreseen[], output: string) =>
    aptTask.foresee?.findings(`${lists(60, '')}${output}`, all);
  const removes = 'Remv systemd-timesyncd [252]\n';

  test('is one command where nothing is in the way', () => {
    expect(asked([nano, chrony])).toContain('install nano chrony | stranger; then');
    expect(said([nano, chrony], '')).toEqual([[], []]);
  });

  test('is nothing where packages only go', () => {
    expect(aptTask.foresee?.script([timesyncd(1)])).toBeUndefined();
  });

  test('names what would be removed, at the task that it comes with', () => {
    expect(said([nano, chrony], `task:3\ntask:5\n${removes}`)).toEqual([
      [],
      [
        expect.objectContaining({
          level: 'refuse',
          message: 'apt would remove systemd-timesyncd to install chrony',
          hint: expect.stringContaining('allow_removals: [systemd-timesyncd]'),
        }),
      ],
    ]);
  });

  test('counts on what an earlier task removes, and not on a later one', () => {
    const before = [timesyncd(1), chrony];
    expect(asked(before)).toContain('named=systemd-timesyncd\nif ask  install systemd-timesyncd- chrony | stranger');
    expect(said(before, `task:1\n${removes}task:5\n${removes}`)?.[1]).toEqual([]);
    const after = [chrony, timesyncd(7)];
    expect(asked(after)).toContain("named=''\n");
    expect(said(after, `task:5\n${removes}task:7\n${removes}`)?.[0]).toHaveLength(1);
  });

  test('is allowed by name, and then told and done', () => {
    const allowed = entry(5, { name: 'chrony', allow_removals: ['systemd-timesyncd'] }, { chrony: 'absent' });
    expect(said([allowed], `task:5\n${removes}`)?.[0]).toEqual([
      expect.objectContaining({ level: 'warn', message: 'removes systemd-timesyncd, which allow_removals names' }),
    ]);
    const script = aptTask.apply(allowed.change, allowed.params, debian12Facts);
    expect(script).toContain('apt_removable=systemd-timesyncd\n');
    expect(script).not.toContain('apt_install --no-remove');
  });

  test('tells why apt cannot install something', () => {
    const broken =
      ' chrony : Depends: libx (= 1) but 2 is to be installed\nE: Unable to correct problems, you have held broken packages.\n';
    expect(said([nano, chrony], `task:3\ntask:5\n${broken}`)?.[1]).toEqual([
      expect.objectContaining({
        level: 'refuse',
        message:
          'apt does not install chrony: chrony : Depends: libx (= 1) but 2 is to be installed; Unable to correct problems, you have held broken packages.',
      }),
    ]);
  });

  test('is known after apply where an earlier task refreshes the lists, and a remark where the task itself does', () => {
    const refresh = entry(0, { update_cache: true }, { package_lists: 'old' });
    expect(said([refresh, chrony], `task:5\n${removes}`)?.[1]).toEqual([
      expect.objectContaining({ because: ['path:/etc/apt/', 'path:/var/lib/apt/lists/'] }),
    ]);
    expect(aptTask.touches?.(refresh.params, refresh.change)).toContain('path:/var/lib/apt/lists/');
    const itself = entry(5, { name: 'chrony', update_cache: true, cache_valid_time: 1 }, { chrony: 'absent' });
    expect(said([itself], `task:5\n${removes}`)?.[0]).toEqual([expect.objectContaining({ level: 'warn' })]);
  });

  test('upgrade: safe names what it keeps back', () => {
    const p = aptTask.params.parse({ upgrade: 'safe' });
    const before = aptTask.read(`${lists(60, '')}upgrade:\nKept linux-image-amd64\nKept docker.io\n`, p);
    expect(aptTask.findings?.(undefined, p, { facts: debian12Facts, before })).toEqual([
      expect.objectContaining({ level: 'warn', message: 'upgrade: safe keeps back linux-image-amd64, docker.io' }),
    ]);
  });
});
