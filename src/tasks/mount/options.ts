/** Whether an option holds of a mount: undefined where the kernel does not tell. */
export type Holds = boolean | undefined;

/** What the kernel tells of a mount, and what is needed to compare it. */
export interface LiveMount {
  readonly fstype: string;
  /** As /proc/self/mountinfo has them. */
  readonly options: readonly string[];
  /** Bytes; 0 where it is not known. */
  readonly memory: number;
  /** Numbers of users and groups by `uid=NAME` and `gid=NAME`. */
  readonly ids: ReadonlyMap<string, string>;
}

/** The options of fstab that the mount itself can have; others are for mount(8), fsck or systemd. */
export function mountOptions(opts: string): string[] {
  return opts.split(',').filter((option) => option !== '' && !FOR_PROGRAMS.test(option));
}

/** Whether an option is in force, told by what the kernel shows: of what it leaves out, it says whether that is its default. */
export function optionHolds(option: string, { fstype, options, memory, ids }: LiveMount): Holds {
  const [key, value] = split(option);
  if (value === undefined) {
    const off = OPPOSITES[option];
    if (off !== undefined) return off.every((other) => !options.includes(other));
    if (options.includes(option)) return true;
    return SHOWN.test(option) ? false : undefined;
  }
  const wanted = normal(key, ids.get(option) ?? value, memory);
  const shown = options.map(split).findLast(([name]) => name === key)?.[1];
  if (shown !== undefined) return same(wanted, normal(key, shown, memory));
  const fallback = DEFAULTS[fstype]?.[key];
  return fallback === undefined ? undefined : same(wanted, normal(key, fallback, memory));
}

/** What gives a mount back the value that an option had, as far as the kernel told it. */
export function optionAgain(option: string, { fstype, options }: Pick<LiveMount, 'fstype' | 'options'>): string[] {
  const [key, value] = split(option);
  if (value === undefined) {
    if (options.includes(option) || !SHOWN.test(option) || /^no/.test(option) || option in OPPOSITES) return [];
    return [`no${option}`];
  }
  const shown = options.map(split).findLast(([name]) => name === key)?.[1];
  const old = shown ?? DEFAULTS[fstype]?.[key];
  return old === undefined || old === '' ? [] : [`${key}=${old}`];
}

/** The uids and gids that are named and not numbered: `gid=proc`. */
export function namedIds(opts: string): string[] {
  return mountOptions(opts).filter((option) => /^(uid|gid)=[^0-9]/.test(option));
}

const FOR_PROGRAMS =
  /^(defaults|auto|noauto|users?|nousers?|owner|group|_netdev|nofail|fail|r?bind|remount|loop(=.*)?|offset=.*|sizelimit=.*|x-.*|X-.*|comment=.*|(r?(shared|private|slave|unbindable)))$/;

/** What is in force where the kernel shows none of these. */
const OPPOSITES: Readonly<Record<string, readonly string[]>> = {
  suid: ['nosuid'],
  dev: ['nodev'],
  exec: ['noexec'],
  rw: ['ro'],
  async: ['sync'],
  atime: ['noatime'],
  diratime: ['nodiratime'],
  strictatime: ['relatime', 'noatime'],
  norelatime: ['relatime'],
  nostrictatime: [],
  nolazytime: ['lazytime'],
  symfollow: ['nosymfollow'],
  nomand: ['mand'],
  nodiscard: ['discard'],
};

/** Options that the kernel shows of every mount that has them. */
const SHOWN =
  /^(ro|nosuid|nodev|noexec|noatime|nodiratime|relatime|sync|dirsync|mand|lazytime|nosymfollow|discard|noswap|usrquota|grpquota|prjquota|nobarrier|noload)$/;

/** What holds where the kernel leaves a key out, by file system. Others are not known, and so not proved. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  proc: { hidepid: '0', gid: '0', subset: '' },
  tmpfs: { size: '50%', mode: '1777', uid: '0', gid: '0', huge: 'never' },
  devpts: { uid: '', gid: '' },
  ext2: { errors: 'continue' },
  ext3: { data: 'ordered', commit: '5', errors: 'continue' },
  ext4: { data: 'ordered', commit: '5', errors: 'continue' },
  sysfs: {},
};

const HIDEPID: Readonly<Record<string, string>> = { off: '0', noaccess: '1', invisible: '2', ptraceable: '4' };

function split(option: string): [key: string, value: string | undefined] {
  const at = option.indexOf('=');
  return at === -1 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}

/** A value as it compares: sizes in bytes, modes in octal, what has a number by its number. */
function normal(key: string, value: string, memory: number): string | number {
  if (key === 'hidepid') return HIDEPID[value] ?? value;
  if (/^(mode|ptmxmode|umask|fmask|dmask)$/.test(key)) return Number.parseInt(value, 8);
  if (/^(size|nr_inodes|nr_blocks)$/.test(key)) {
    const [, number, unit] = /^(\d+)([kmgt%]?)$/i.exec(value) ?? [];
    if (number === undefined) return value;
    if (unit === '%') return memory === 0 ? value : (memory * Number(number)) / 100;
    return Number(number) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf((unit ?? '').toLowerCase());
  }
  return value;
}

// the kernel rounds sizes to pages, and counts memory a little differently
function same(a: string | number, b: string | number): boolean {
  if (typeof a === 'number' && typeof b === 'number' && a > 4096 && b > 4096) return Math.abs(a - b) <= a / 100;
  return a === b;
}
