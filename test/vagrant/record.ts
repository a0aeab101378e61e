import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import type { TimedLine, VagrantRun } from './machine.ts';

const PAGE = join(import.meta.dirname, '../../docs/vagrant.md');
const [BEGIN, END] = ['<!-- last run -->', '<!-- end of last run -->'];

/** Where the time of a `vagrant up` went, in seconds. */
export interface Spent {
  readonly boot: number;
  readonly planned: number;
  readonly applied: number;
  readonly proved: number;
  readonly audited: number;
  /** From `vagrant up` to the audit's score. */
  readonly total: number;
  /** Of the processor of the machine where harden ran, with what it started there. */
  readonly own: number;
}

/** Reads from the lines of a `vagrant up` when its parts began and ended; throws where one is missing. */
export function spent({ lines }: VagrantRun): Spent {
  const at = (pattern: RegExp): number => {
    const line = lines.find(({ text }) => pattern.test(text));
    if (!line) throw new Error(`vagrant up printed nothing like ${pattern}`);
    return line.at / 1000;
  };
  const began = at(/Running provisioner: harden/);
  const applying = at(/: applying \d+ change/);
  const proving = at(/: proving:/);
  const auditing = at(/: auditing/);
  const score = at(/docker-bench-security: score/);
  return {
    boot: began,
    planned: applying - began,
    applied: proving - applying,
    proved: auditing - proving,
    audited: score - auditing,
    total: score,
    own: ownSeconds(lines),
  };
}

/** The last line of what the shell's `times` prints: the children's user and system time. */
function ownSeconds(lines: readonly TimedLine[]): number {
  const times = lines.map(({ text }) => /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/.exec(text.trim())).filter((match) => match);
  const [, minutes = 0, seconds = 0, sysMinutes = 0, sysSeconds = 0] = (times.at(-1) ?? []).map(Number);
  return 60 * (minutes + sysMinutes) + seconds + sysSeconds;
}

/** Writes the part of docs/vagrant.md that tells of the last run. */
export function record(up: VagrantRun, provision: VagrantRun, now: Date): void {
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < 0) throw new Error('docs/vagrant.md has no place for the last run.');
  writeFileSync(PAGE, `${page.slice(0, from + BEGIN.length)}\n${lastRun(up, provision, now)}\n${page.slice(to)}`);
}

function lastRun(up: VagrantRun, provision: VagrantRun, now: Date): string {
  const time = spent(up);
  const [, , load = 0] = loadavg();
  const rows: readonly (readonly [string, number])[] = [
    ['Vagrant: the disk, the boot, its key', time.boot],
    ['harden: connect, read everything, plan', time.planned],
    ['harden: apply, of which nearly all is the machine at work (apt, dpkg, restarts)', time.applied],
    ['harden: read everything again, log in anew', time.proved],
    ['docker-bench-security', time.audited],
    ['**from `vagrant up` to the score**', time.total],
  ];
  return [
    `Recorded ${now.toISOString().slice(0, 10)} by \`npm run test:vagrant -- --record\` with harden ${packageJson.version}: Debian 12 with Docker,`,
    `two emulated processors, no KVM, on a machine of two cores that had other work: its load was ${load.toFixed(0)} on average.`,
    '',
    '| | seconds |',
    '|---|---|',
    ...rows.map(([what, seconds]) => `| ${what} | ${seconds.toFixed(0)} |`),
    '',
    `All in all harden took ${time.own.toFixed(1)} s of this side's processor, \`vagrant ssh-config\` and \`ssh -G\` included; the rest is waiting`,
    'for a machine that is emulated.',
    '',
    '```',
    '$ vagrant up',
    ...shown(up.lines),
    `$ vagrant provision          # ${(provision.milliseconds / 1000).toFixed(0)} s, most of it the audit`,
    ...shown(provision.lines),
    '```',
  ].join('\n');
}

/** The lines without the plan's diffs, without Vagrant's progress bars, and without folders that were made for this run. */
function shown(lines: readonly TimedLine[]): readonly string[] {
  return lines
    .map(({ text }) => text.replaceAll(/\S*\/harden-vagrant-[^/\s]*/g, '…').trimEnd())
    .filter((text) => text !== '' && !/Progress:|^ {2,}default: $|^ {6}|--|^\d+m[\d.]+s /.test(text));
}
