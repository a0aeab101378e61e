import { z } from 'zod';

const NAME = /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$/;
const VERSION = /^[0-9][A-Za-z0-9.+:~-]*$/;

const packageName = z.string().check((context) => {
  const message = nameProblem(context.value);
  if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message });
});

function nameProblem(text: string): string | undefined {
  const [name = '', version, ...more] = text.split('=');
  if (/[*?[\]]/.test(text))
    return `"${text}" holds a glob: name each package, and each version in full, so that the plan can say what it installs`;
  if (name.includes('/')) return `"${text}": write the release as default_release: ${name.split('/')[1]}`;
  if (more.length > 0 || (version !== undefined && !VERSION.test(version)))
    return `"${text}": a version follows one "=" and starts with a digit, as in nginx=1.22.1-9`;
  // apt-get takes a name with this ending that it does not know as an order to remove or install
  if (!NAME.test(name) || /-$/.test(name))
    return `"${text}" is not the name of a package: lower case letters, digits, "+", "-" and "." alone`;
  return undefined;
}

const seconds = z.number().int().min(0);

/** What a playbook says of packages. */
export const Apt = z
  .strictObject({
    name: z
      .union([z.string(), z.array(z.string()).min(1)])
      .transform((name) => (typeof name === 'string' ? [name] : name))
      .pipe(z.array(packageName))
      .optional()
      .describe('One package or a list: `nginx`, `nginx=1.22.1-9` (exactly this version), `libc6:i386`.'),
    state: z
      .enum(['present', 'absent', 'latest'])
      .default('present')
      .describe('`present`: installed, whatever the version. `latest`: the newest version that the host may install.'),
    update_cache: z
      .boolean()
      .default(false)
      .describe(
        'Refresh the package lists when they are older than `cache_valid_time`. With `state: present` this happens only when something is to be installed.',
      ),
    cache_valid_time: seconds.default(3600).describe('How old package lists may be for `update_cache`: seconds.'),
    install_recommends: z
      .boolean()
      .optional()
      .describe("Whether recommended packages come along; without it the host's own setting decides."),
    purge: z.boolean().default(false).describe('With `state: absent`: remove the configuration files too.'),
    autoremove: z
      .boolean()
      .default(false)
      .describe(
        'Remove packages that came as dependencies and that nothing needs any more: with `state: absent`, `upgrade`, or alone.',
      ),
    allow_downgrade: z
      .boolean()
      .default(false)
      .describe('Whether `name=version` may replace a newer version by an older one.'),
    allow_removals: z
      .array(packageName)
      .default([])
      .describe(
        'Installed packages that apt may remove for it, because they conflict: `systemd-timesyncd` for chrony.',
      ),
    default_release: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.=,_-]*$/, 'a release is a word such as bookworm-backports')
      .optional()
      .describe('The release to prefer, such as `bookworm-backports`.'),
    upgrade: z
      .union([z.enum(['no', 'safe', 'dist']), z.boolean()], {
        error: 'upgrade is no, safe (removes nothing) or dist (may remove packages)',
      })
      .transform((upgrade) => (upgrade === true ? 'safe' : upgrade === false ? 'no' : upgrade))
      .default('no')
      .describe(
        'Bring every installed package to its newest version: `safe` removes none, `dist` may remove some, which the plan shows.',
      ),
    lock_timeout: seconds
      .max(3600)
      .default(120)
      .describe('How long to wait for another apt or dpkg (such as the daily upgrade) to finish: seconds.'),
  })
  .check((context) => {
    const message = combinationProblem(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message });
  });
export type Apt = z.infer<typeof Apt>;

function combinationProblem(p: Record<string, unknown> & { readonly name?: readonly string[] | undefined }) {
  const { name, state } = p;
  if (name === undefined) {
    if (p.upgrade === 'no' && !p.update_cache && !p.autoremove)
      return 'say what must hold: name, upgrade, update_cache: true or autoremove: true';
    if (state !== 'present') return `state: ${state} needs the name of a package`;
    return undefined;
  }
  if (p.state === 'absent' && (p.allow_removals as readonly string[]).length > 0)
    return 'allow_removals goes with an install: what state: absent removes beside, the plan shows';
  if (p.upgrade !== 'no') return 'upgrade speaks of every package: give it a task of its own, without name';
  if (p.purge && state !== 'absent') return 'purge goes with state: absent';
  if (p.autoremove && state !== 'absent')
    return 'autoremove goes with state: absent, with upgrade, or in a task of its own';
  const pinned = name.find((entry) => entry.includes('='));
  if (pinned !== undefined && state !== 'present')
    return `${pinned} names a version, which only state: present can hold: leave out "=…" or the state`;
  const bare = name.map((entry) => entry.split('=')[0]);
  const twice = bare.find((entry, index) => bare.indexOf(entry) !== index);
  return twice === undefined ? undefined : `${twice} is named twice`;
}

/** One entry of `name`. */
export interface NamedPackage {
  /** With its architecture where the playbook gives one. */
  readonly name: string;
  readonly version: string | undefined;
}

/** The packages that a task names; none for a task about all of them. */
export function namedPackages(p: Pick<Apt, 'name'>): readonly NamedPackage[] {
  return (p.name ?? []).map((entry) => {
    const [name = '', version] = entry.split('=');
    return { name, version };
  });
}
