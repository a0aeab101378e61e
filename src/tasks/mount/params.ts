import { z } from 'zod';

const field = (what: string) =>
  z.string().regex(/^[^\s#\\][^\s\\]*$/, { error: `${what} has no spaces and no backslashes` });

/** What a playbook says of a mount. */
export const Mount = z
  .strictObject({
    path: z
      .string()
      .regex(/^(\/|(\/[^/\s\\]+)+)$/, {
        error: 'a mount point is an absolute path without spaces and without a slash at its end',
      })
      .describe('Where it is mounted.'),
    src: field('src')
      .optional()
      .describe('What is mounted: `UUID=…`, `/dev/…`, `tmpfs`, a directory with the option `bind`, `host:/export`.'),
    fstype: field('fstype').optional().describe('The file system: `ext4`, `tmpfs`, `none` for a bind mount.'),
    opts: field('opts').default('defaults').describe('Options as fstab has them: `nodev,nosuid,noexec`.'),
    dump: z.number().int().min(0).max(1).default(0).describe("fstab's fifth field."),
    passno: z.number().int().min(0).max(2).default(0).describe("fstab's sixth field: when it is checked at boot."),
    state: z
      .enum(['mounted', 'present', 'unmounted', 'absent'], {
        error:
          'state is mounted, present (in fstab alone), unmounted (now, fstab as it is) or absent; a mount whose options differ is remounted by itself',
      })
      .default('mounted')
      .describe('`mounted`: now and at boot. `present`: at boot. `unmounted`: not now. `absent`: neither.'),
    hide_existing: z
      .boolean()
      .default(false)
      .describe(
        'Consent to mount over a directory that is not empty: its content is hidden as long as the mount is there.',
      ),
  })
  .refine((p) => p.state === 'unmounted' || p.state === 'absent' || (p.src !== undefined && p.fstype !== undefined), {
    error: 'src and fstype say what is to be mounted',
  });
export type Mount = z.infer<typeof Mount>;

/** What kind of source is mounted: a block device, a directory, or something that the kernel makes up. */
export function sourceKind(p: Mount): 'device' | 'bind' | 'network' | 'virtual' {
  const options = p.opts.split(',');
  if (options.includes('bind') || options.includes('rbind')) return 'bind';
  if (/^(UUID|LABEL|PARTUUID|PARTLABEL)=|^\/dev\//.test(p.src ?? '')) return 'device';
  return /^(nfs|nfs4|cifs|ceph|glusterfs|fuse\..*|9p|virtiofs)$/.test(p.fstype ?? '') ? 'network' : 'virtual';
}

/** fstab's line for it. */
export function fstabLine(p: Mount): string {
  return `${p.src} ${p.path} ${p.fstype} ${p.opts} ${p.dump} ${p.passno}`;
}

/** What is known of a path; keys that the playbook does not speak of serve the findings. */
export type MountState = {
  /** fstab's line for the path, its fields one space apart; `none`: it has none. */
  readonly fstab?: string;
  /** `yes`: what the task names is mounted there. `no`: nothing is. Else what is mounted there instead. */
  readonly mounted?: string;
  /** Those of the task's options that hold of the mount, and those of which the kernel does not tell. */
  readonly flags?: readonly string[];
  /** Those of the task's options of which the kernel does not tell. */
  readonly unproved?: readonly string[];
  readonly fstype?: string;
  /** The mount's options in the kernel. */
  readonly options?: readonly string[];
  /** `missing`, `empty`, `full` (it holds something of its own), or `file`. */
  readonly directory?: string;
  /** What is on the source: a file system, `nothing` that is known, or `missing`. */
  readonly source?: string;
};
