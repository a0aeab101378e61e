import { z } from 'zod';
import { defineTask, type Finding } from '../engine/task.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { refusal, warning } from './support/finding.ts';
import { transformFile } from './support/replace-file.ts';

const Mode = z.enum(['enforce', 'complain', 'disabled']);
type Mode = z.infer<typeof Mode>;

const Apparmor = z.strictObject({
  state: z
    .literal('enabled', { error: 'harden does not switch AppArmor off: state is enabled' })
    .default('enabled')
    .describe('AppArmor is on in the running kernel.'),
  profiles: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/, {
            error: 'name a file under /etc/apparmor.d, for example usr.sbin.tcpdump',
          })
          .describe('A file under /etc/apparmor.d; its mode is that of every profile in it.'),
        mode: Mode.describe(
          '`enforce`: what is not allowed fails. `complain`: it is logged alone. `disabled`: not loaded.',
        ),
      }),
    )
    .default([])
    .describe('Profiles and their modes, now and after every boot.'),
});
type Apparmor = z.infer<typeof Apparmor>;

/** `kernel`: whether AppArmor is on; by file name: the mode of its profiles now; `NAME at boot`: the mode that they are loaded with. */
type ApparmorState = Readonly<Record<string, string>>;

const DIRECTORY = '/etc/apparmor.d';

/** AppArmor, and the modes of its profiles. */
export const apparmorTask = defineTask<Apparmor, ApparmorState>({
  type: 'apparmor',
  summary: 'AppArmor, and the modes of its profiles.',
  notes:
    'Reads the kernel (`/sys/kernel/security/apparmor/profiles`) and what is loaded at boot: the links in `disable` and `force-complain`, and the flags in the file. apparmor-utils is not needed. Docker loads `docker-default` by itself, so it has no file here. Switching AppArmor on takes a kernel parameter and a reboot, and is left to you. docker-bench 5.2.',
  params: Apparmor,
  examples: [{}, { profiles: [{ name: 'usr.sbin.tcpdump', mode: 'enforce' }] }],
  id: (p) => p.profiles.map(({ name }) => name).join(' ') || 'kernel',

  probe: (p) => sh`echo "kernel $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)"
for name in ${p.profiles.map(({ name }) => name)}; do
  file=${DIRECTORY}/$name
  [ -f "$file" ] || continue
  echo "file $name"
  if [ -e ${DIRECTORY}/disable/"$name" ]; then echo 'boot disabled'
  elif [ -e ${DIRECTORY}/force-complain/"$name" ]; then echo 'boot complain'
  elif grep -qE '^[^#]*flags=\\([^)]*complain' "$file"; then echo 'boot complain'
  else echo 'boot enforce'; fi
  apparmor_parser -N <"$file" 2>/dev/null | sed 's/^/profile /'
done
${raw(p.profiles.length === 0 ? '' : "sed 's/^/loaded /' /sys/kernel/security/apparmor/profiles 2>/dev/null")}`,

  read(output, p) {
    const lines = output.split('\n');
    const loaded = new Map(lines.flatMap(loadedProfile));
    const state: Record<string, string> = { kernel: lines.includes('kernel Y') ? 'enabled' : 'disabled' };
    for (const { name } of p.profiles) {
      const start = lines.indexOf(`file ${name}`);
      if (start === -1) {
        state[name] = 'no such file';
        continue;
      }
      const next = lines.findIndex((line, at) => at > start && /^(file|loaded) /.test(line));
      const own = lines.slice(start + 1, next === -1 ? undefined : next);
      const modes = new Set(
        own
          .filter((line) => line.startsWith('profile '))
          .map((line) => loaded.get(line.slice('profile '.length)) ?? 'disabled'),
      );
      state[name] = [...modes].sort().join(' and ') || 'not readable';
      state[atBoot(name)] = own.find((line) => line.startsWith('boot '))?.slice('boot '.length) ?? '';
    }
    return state;
  },

  want: (p) => ({
    kernel: 'enabled',
    ...Object.fromEntries(
      p.profiles.flatMap(({ name, mode }) => [
        [name, mode],
        [atBoot(name), mode],
      ]),
    ),
  }),

  apply: (change, p) =>
    p.profiles
      .filter(({ name }) => change.keys.includes(name) || change.keys.includes(atBoot(name)))
      .map(({ name, mode }) => setMode(name, mode))
      .join(''),

  unfit: (_p, facts) =>
    facts.container && !facts.apparmor
      ? refusal(
          `this host is a container (${facts.virtualization}) without AppArmor of its own`,
          'Set the profiles on the machine that it runs on, and leave the task out here with `when: { facts.apparmor: true }`',
          [],
        )
      : undefined,

  needs: (p) =>
    p.profiles.length === 0
      ? []
      : ['command:apparmor_parser', ...p.profiles.map(({ name }) => `path:${DIRECTORY}/${name}` as const)],

  findings(change, p, { before }) {
    const findings: Finding[] = [];
    if (before.kernel !== 'enabled') {
      findings.push(
        refusal(
          'AppArmor is off in the running kernel',
          'Add apparmor=1 security=apparmor to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub and reboot; in a container the machine that it runs on decides',
        ),
      );
    }
    for (const { name, mode } of p.profiles) {
      if (before[name] === 'not readable')
        findings.push(
          refusal(
            `apparmor_parser cannot read ${DIRECTORY}/${name}`,
            `apparmor_parser -N ${DIRECTORY}/${name} says where`,
          ),
        );
      if (change?.keys.includes(name) && before[name] === 'disabled' && mode !== 'disabled') {
        findings.push(warning(`programs that run already are not confined by ${name} before they are started again`));
      }
    }
    return findings;
  },

  keeps: (p, change) =>
    p.profiles
      .filter(({ name }) => change.keys.includes(atBoot(name)))
      .flatMap(({ name }) => [`${DIRECTORY}/${name}`, link('disable', name), link('force-complain', name)]),

  undo(change, p) {
    const lines = p.profiles
      .filter(({ name }) => change.keys.includes(name))
      .map(({ name }) => load(name, change.before[name] === 'disabled' ? 'disabled' : 'enforce'));
    return lines.length === 0 ? undefined : lines.join('');
  },
});

function atBoot(name: string): string {
  return `${name} at boot`;
}

function link(kind: 'disable' | 'force-complain', name: string): string {
  return `${DIRECTORY}/${kind}/${name}`;
}

function loadedProfile(line: string): [string, string][] {
  const match = /^loaded (.*) \((\w+)\)$/.exec(line);
  return match === null ? [] : [[match[1] ?? '', match[2] ?? '']];
}

function setMode(name: string, mode: Mode): Script {
  const target = `../${name}`;
  const links = sh`mkdir -p -m 0755 ${DIRECTORY}/disable ${DIRECTORY}/force-complain
rm -f ${link('disable', name)} ${link('force-complain', name)}
`;
  if (mode === 'disabled') return sh`${raw(links)}${raw(load(name, mode))}ln -s ${target} ${link('disable', name)}\n`;
  if (mode === 'complain') return sh`${raw(links)}ln -s ${target} ${link('force-complain', name)}\n` + load(name, mode);
  return links + enforceFlags(name) + load(name, mode);
}

// the mode comes from the links and the flags; the parser passes over a file that has a link in `disable`, and then removes nothing;
// a profile that is not loaded cannot be removed
function load(name: string, mode: Mode): Script {
  const file = `${DIRECTORY}/${name}`;
  return mode === 'disabled'
    ? sh`apparmor_parser -R ${file} 2>/dev/null || :\n`
    : sh`apparmor_parser -q -r -W ${file}\n`;
}

function enforceFlags(name: string): Script {
  const file = `${DIRECTORY}/${name}`;
  return sh`if grep -qE '^[^#]*flags=\\([^)]*complain' ${file}; then
${raw(transformFile({ path: file, produce: enforceInFile }))}fi
`;
}

/** Script that prints a profile file `$old` with no profile in it that only complains. */
export const enforceInFile: Script = String.raw`sed -E '/^[^#]*flags=\([^)]*complain/ { s/(flags=\([^)]*)complain[[:space:]]*,?[[:space:]]*/\1/; s/,[[:space:]]*\)/)/; s/[[:space:]]*flags=\([[:space:]]*\)// }' "$old"`;
