import { modprobeTask } from '../../src/tasks/modprobe/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const blocked =
  'line /etc/modprobe.d/zz-harden-cramfs.conf:install cramfs /bin/false\nline /etc/modprobe.d/zz-harden-cramfs.conf:blacklist cramfs\n';

describeTask(modprobeTask, [
  {
    name: 'loads a module, now and at boot',
    params: { name: 'br-netfilter' },
    given: 'loaded no\ndocker\n',
    expect: {
      keys: ['loaded', 'at_boot'],
      script: [
        '/etc/modules-load.d/harden-br_netfilter.conf',
        '\nbr-netfilter\n',
        'modprobe -- br-netfilter',
        'rm -f /etc/modprobe.d/zz-harden-br_netfilter.conf',
      ],
      undo: ['modprobe -r -- br-netfilter'],
      keeps: ['/etc/modules-load.d/harden-br_netfilter.conf', '/etc/modprobe.d/zz-harden-br_netfilter.conf'],
      provides: ['path:/proc/sys/net/bridge'],
      findings: [],
    },
  },
  {
    name: 'leaves alone what is loaded, and listed anywhere',
    params: { name: 'dummy' },
    given: 'loaded yes\nrefcnt 0\nline /etc/modules:dummy\n',
    expect: { action: 'none', provides: [] },
  },
  {
    name: 'only lists a module that is loaded already',
    params: { name: 'dummy' },
    given: 'loaded yes\nrefcnt 0\n',
    expect: { keys: ['at_boot'], notScript: ['modprobe --'], undo: null },
  },
  {
    name: 'what is built in needs no list',
    params: { name: 'ext4' },
    given: 'loaded built in\n',
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'refuses a module that the kernel does not have',
    params: { name: 'dumy' },
    given: 'missing\n',
    expect: { findings: [/^refuse: this kernel has no module dumy/] },
  },
  {
    name: "the last file by name gives the parameter's value",
    params: { name: 'dummy', params: 'numdummies=2 debug=1' },
    given:
      'loaded yes\nrefcnt 0\nline /etc/modules:dummy\nline /etc/modprobe.d/harden.conf:options dummy numdummies=2 debug=1\nline /usr/lib/modprobe.d/systemd.conf:options dummy numdummies=0\n',
    expect: {
      before: { params: 'numdummies=0 debug=1' },
      keys: ['params'],
      script: ['options dummy numdummies=2 debug=1', /modprobe -r -- dummy\nmodprobe -- dummy/],
    },
  },
  {
    name: 'refuses new parameters for a module in use',
    params: { name: 'nf_conntrack', params: 'hashsize=65536' },
    given: 'loaded yes\nrefcnt 4\nholder nf_nat\nline /etc/modules:nf_conntrack\n',
    expect: { findings: [/^refuse: nf_conntrack is in use by nf_nat/] },
  },
  {
    name: 'disables',
    params: { name: 'cramfs', state: 'disabled' },
    given: 'loaded no\n',
    expect: {
      keys: ['disabled'],
      script: ['install cramfs /bin/false\nblacklist cramfs\n', 'rm -f /etc/modules-load.d/harden-cramfs.conf'],
      notScript: ['modprobe -r'],
      findings: [],
    },
  },
  {
    name: 'disabled is disabled',
    params: { name: 'cramfs', state: 'disabled' },
    given: `loaded no\n${blocked}`,
    expect: { action: 'none' },
  },
  {
    name: 'a module that the kernel does not have can be disabled',
    params: { name: 'cramfs', state: 'disabled' },
    given: `missing\n${blocked}`,
    expect: { action: 'none' },
  },
  {
    name: 'a blacklist alone does not disable',
    params: { name: 'cramfs', state: 'disabled' },
    given: 'loaded no\nline /etc/modprobe.d/x.conf:blacklist cramfs\n',
    expect: { keys: ['disabled'] },
  },
  {
    name: 'takes out what is loaded',
    params: { name: 'cramfs', state: 'disabled' },
    given: 'loaded yes\nrefcnt 0\n',
    expect: {
      keys: ['loaded', 'disabled'],
      script: ['modprobe -r -- cramfs'],
      undo: ['modprobe -- cramfs'],
      findings: [],
    },
  },
  {
    name: 'refuses to take out what is in use',
    params: { name: 'cramfs', state: 'absent' },
    given: 'loaded yes\nrefcnt 1\n',
    expect: {
      findings: [/^refuse: cramfs is in use by a mount or a program/, /^warn: cramfs is not loaded at boot by a list/],
    },
  },
  {
    name: 'refuses what other files say against it',
    params: { name: 'cramfs', state: 'disabled' },
    given: 'loaded no\nline /etc/modules:cramfs\n',
    expect: { findings: [/^refuse: \/etc\/modules: cramfs says otherwise/] },
  },
  {
    name: 'refuses to load what another file disables',
    params: { name: 'cramfs' },
    given: 'loaded no\nline /etc/modprobe.d/cis.conf:install cramfs /bin/true\n',
    expect: { findings: [/^refuse: \/etc\/modprobe\.d\/cis\.conf: install cramfs \/bin\/true says otherwise/] },
  },
  {
    name: 'refuses to disable what Docker needs',
    params: { name: 'overlay', state: 'disabled' },
    given: 'loaded no\ndocker\n',
    expect: { findings: [/^refuse: Docker does not work without overlay/] },
  },
  {
    name: 'refuses to disable vfat where EFI boots from it',
    params: { name: 'vfat', state: 'disabled' },
    given: 'loaded no\nefi\n',
    expect: { findings: [/^refuse: this host boots from an EFI partition/] },
  },
  {
    name: 'refuses to disable squashfs under snaps',
    params: { name: 'squashfs', state: 'disabled' },
    given: 'loaded no\nsnap\n',
    expect: { findings: [/^refuse: snaps are squashfs/] },
  },
  {
    name: 'refuses to disable what is built in',
    params: { name: 'squashfs', state: 'disabled' },
    given: 'loaded built in\n',
    expect: { findings: [/^refuse: squashfs is built into this kernel/] },
  },
]);

describeInvalid(modprobeTask, [
  { name: 'a state of Ansible', params: { name: 'a', state: 'loaded' }, message: 'present, absent, or disabled' },
  { name: 'a path', params: { name: '../a' }, message: 'a module name' },
  { name: 'parameters of nothing', params: { name: 'a', state: 'disabled', params: 'a=1' }, message: 'state: present' },
]);
