import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainText } from '../../text/clean.ts';
import type { OperatorWay, RunWork } from '../audit.ts';
import { type AuditOutcome, notRun } from '../result.ts';
import { type InspecReport, parseInspec } from './parse.ts';
import type { InspecSettings } from './settings.ts';

/** Programs that run profiles: Chef's own, and the free build of the same. */
const PROGRAMS = ['inspec', 'cinc-auditor'] as const;

/** How long a profile may take, in milliseconds. */
const PATIENCE = 900_000;

/** An InSpec profile against a host, run on the operator's machine: nothing of it is on the host. */
export const inspecWork: RunWork<InspecSettings> = {
  kind: 'run',
  async run(there, { profile }) {
    const { execa } = await import('execa');
    const directory = await mkdtemp(join(tmpdir(), 'harden-inspec-'));
    const file = join(directory, 'report.json');
    try {
      const args = ['exec', profile, ...target(there), '--reporter', `json:${file}`, '--no-color'];
      for (const program of PROGRAMS) {
        // The configuration goes in on stdin, so that the sudo password is in no argument and no file.
        const ran = await execa(program, args, {
          input: JSON.stringify(configuration(there)),
          reject: false,
          timeout: PATIENCE,
          maxBuffer: 10_000_000,
        });
        if (ran.code === 'ENOENT') continue;
        const report = await readFile(file, 'utf8').catch(() => '');
        return ended(program, ran.timedOut ? undefined : ran.exitCode, report, `${ran.stderr}\n${ran.stdout}`);
      }
      return notRun(
        'neither inspec nor cinc-auditor is on this machine; install one of them, cinc-auditor is the free build',
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function target(way: OperatorWay): string[] {
  return way === 'local' ? ['--target', 'local://', '--config', '-'] : ['--target', 'ssh://harden', '--config', '-'];
}

/** InSpec's configuration file: credentials by name, so that `ssh://harden` is this host. */
function configuration(way: OperatorWay): object {
  if (way === 'local') return { file_version: '1.1', credentials: {} };
  const { host, port, user, identityFiles, proxyCommand, sudo, sudoPassword } = way;
  return {
    file_version: '1.1',
    credentials: {
      ssh: {
        harden: {
          host,
          port,
          user,
          ...(identityFiles.length > 0 ? { key_files: identityFiles } : {}),
          ...(proxyCommand ? { proxy_command: proxyCommand } : {}),
          ...(sudo ? { sudo: true } : {}),
          ...(sudo && sudoPassword !== undefined ? { sudo_password: sudoPassword } : {}),
        },
      },
    },
  };
}

/** What a run of InSpec comes to, by its exit status and what it wrote; exported for its table of cases. */
export function ended(program: string, exitCode: number | undefined, report: string, said: string): AuditOutcome {
  const last = lastLine(said);
  switch (exitCode) {
    case 0:
    case 100:
    case 101: {
      const parsed = parseInspec(report);
      if (!parsed) return notRun(`${program} ended with ${exitCode} and wrote no report that can be read: ${last}`);
      return done(program, parsed, exitCode);
    }
    case 102:
      return notRun(`${program} could not load the profile: ${statusMessage(report) ?? last}`);
    case 172:
      return notRun(
        `the licence of ${program} has not been accepted on this machine; run ${program} once with --chef-license=accept, or use cinc-auditor, which needs none`,
      );
    case 174:
      return notRun(`${program} has no licence key; give it one, or use cinc-auditor, which needs none`);
    case undefined:
      return notRun(`${program} did not end within ${PATIENCE / 60_000} minutes, or was killed: ${last}`);
    default:
      return notRun(`${program} could not run it (exit ${exitCode}): ${last}`);
  }
}

function done(program: string, report: InspecReport, exitCode: number): AuditOutcome {
  const { controls, results } = report.counts;
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  const total = Object.values(controls).reduce((sum, count) => sum + count, 0);
  const notes = [
    `${program} ${report.version} with ${report.profiles.join(', ') || 'no profile'}: ${total} controls (${list(controls)}), results: ${list(results)}`,
  ];
  if (exitCode === 101)
    notes.push('InSpec skipped everything that it did not pass: look whether the profile supports this system');
  // Exit 0 also when nothing matched: that is no pass.
  if (report.results.length === 0) return notRun(`${program} found no control to run in the profile`);
  return {
    status: 'done',
    checks: report.results.length,
    results: report.results,
    failures: [],
    notes,
  };
}

function statusMessage(report: string): string | undefined {
  try {
    const json = JSON.parse(report) as { profiles?: readonly { status_message?: unknown }[] };
    const message = json.profiles?.find(({ status_message }) => typeof status_message === 'string')?.status_message;
    return typeof message === 'string' && message !== '' ? plainText(message) : undefined;
  } catch {
    return undefined;
  }
}

function lastLine(said: string): string {
  const lines = plainText(said.slice(-4000))
    .split('\n')
    .filter((line) => line.trim() !== '');
  return (
    lines.find((line) => /error|cannot|could not|refused|failed|denied|not find/i.test(line)) ??
    lines.at(-1) ??
    'it said nothing'
  ).trim();
}
