import { z } from 'zod';
import { defineTask, type Finding } from '../engine/task.ts';
import { raw, sh } from '../remote/sh.ts';
import { refusal } from './support/finding.ts';

const Reboot = z.strictObject({
  unless: z
    .string()
    .regex(/\S/, { error: 'write a command that succeeds where no reboot is needed' })
    .optional()
    .describe(
      'A command for the host’s `sh` that succeeds where no reboot is needed, in place of what the host says of itself.',
    ),
  reboot_timeout: z
    .number()
    .int()
    .min(10, { error: 'no host boots within that time' })
    .max(7200)
    .default(600)
    .describe('For how many seconds the run waits until a login works again.'),
});
type Reboot = z.output<typeof Reboot>;

type RebootState = {
  /** Why the host needs a reboot; `no`: it does not. */
  readonly needed?: string;
};

/** A reboot, where the host needs one. */
export const rebootTask = defineTask<Reboot, RebootState>({
  type: 'reboot',
  summary: 'A reboot where one is needed; the run waits for the host and goes on.',
  notes:
    'Reads whether one is needed: it is where `/run/reboot-required` is there (unattended-upgrades and many packages leave it), where a newer kernel of the same flavour is installed than the one that runs, or where `unless` fails. Known only once the tasks before it are through, where these change something. Before it, handlers run and, where access was touched, a fresh login must succeed; afterwards the run logs in anew, sees that it is another boot, waits until systemd has started everything, and goes on with the tasks that follow, the same journal and the proof. Containers without a restart policy stay down. Name the task when it may run with a tag: `tags: [reboot]` and `--skip-tags reboot`.',
  params: Reboot,
  examples: [{}, { unless: 'grep -qw audit=1 /proc/cmdline', reboot_timeout: 900 }],
  id: () => 'reboot',

  probe: (p) =>
    p.unless === undefined
      ? PROBE
      : sh`(umask 022; eval ${p.unless}) >/dev/null 2>&1 </dev/null || printf 'needed %s\n' ${`not: ${p.unless}`}`,

  read: (output) => ({ needed: /^needed (.*)$/m.exec(output)?.[1] ?? 'no' }),
  want: () => ({ needed: 'no' }),

  // it begins only after this step has ended, so that the journal has it
  apply: () => sh`if [ -d /run/systemd/system ]; then
  systemd-run --quiet --collect --on-active=2 --timer-property=AccuracySec=100ms systemctl reboot
else
  setsid sh -c ${'sleep 2; exec reboot'} </dev/null >/dev/null 2>&1 &
fi
`,

  awaits: () => 'what the tasks before it change may need one',
  touchesAnything: () => '',
  reboots: (p) => p.reboot_timeout,
  findings: (change, _p, { facts }): readonly Finding[] =>
    change && facts.ssh === null
      ? [
          refusal(
            'harden runs on this host itself, and would not outlive its reboot',
            'Leave the task out here (--skip-tags), and reboot by hand once the apply is done',
            [],
          ),
        ]
      : [],
  irreversible: () => 'what runs on the host is stopped',
});

// 6.1.0-28-cloud-amd64, 6.12.48+deb13-cloud-amd64, 6.8.0-48-generic: what is left is the flavour
const WITHOUT_VERSION = "'s/^[0-9.]+([+~][A-Za-z0-9.]+)*-([0-9.]+-)?//'";

// a kernel of another flavour (cloud beside generic) is no newer one
const PROBE = sh`if [ -e /run/reboot-required ]; then
  printf 'needed /run/reboot-required is there%s\n' "$(sort -u /run/reboot-required.pkgs 2>/dev/null | sed '1s/^/: /' | tr '\n' ' ')"
elif command -v linux-version >/dev/null && ! systemd-detect-virt -cq; then
  running=$(uname -r)
  flavour=$(printf '%s\n' "$running" | sed -E ${raw(WITHOUT_VERSION)})
  newest=$(linux-version list | while IFS= read -r version; do
    [ "$(printf '%s\n' "$version" | sed -E ${raw(WITHOUT_VERSION)})" != "$flavour" ] || printf '%s\n' "$version"
  done | linux-version sort | tail -n 1)
  [ -z "$newest" ] || [ "$newest" = "$running" ] || printf 'needed the kernel %s is installed, and %s runs\n' "$newest" "$running"
fi`;
