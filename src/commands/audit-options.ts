import { hostAudits } from '../audit/index.ts';
import type { AuditGate, AuditSettings, WorkloadSettings } from '../engine/resolved-task.ts';
import { UserError } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import type { AuditFilesOptions } from './audit-files.ts';
import type { AuditSourceOptions } from './audit-host.ts';
import { nameOfGiven } from './check-options.ts';
import type { HostOptions, PlaybookOptions } from './hosts.ts';
import type { OutputOptions } from './report.ts';

export interface AuditOptions
  extends HostOptions,
    PlaybookOptions,
    OutputOptions,
    AuditSourceOptions,
    AuditFilesOptions {
  readonly minScore?: number;
  readonly failOn?: readonly string[];
  readonly trustedUsers?: readonly string[];
  /** A file with accepted findings. */
  readonly baseline?: string;
  /** What is demanded of containers and their images. */
  readonly allowedRegistries?: readonly string[];
  readonly requireDigest?: boolean;
  readonly maxAgeDays?: number;
  /** Names of audits as `audit:` of a playbook knows them. */
  readonly only?: readonly string[];
  /** A file for the playbook that would mend what is found. */
  readonly suggest?: string;
  readonly overwrite?: boolean;
  /** The checkout of docker-bench-security that is at hand, named by an option or by the environment. */
  readonly checkout?: string;
  /** An InSpec profile. */
  readonly inspec?: string;
}

/** True where the command line asks for hosts, beside files. */
export function namesHosts(file: string | undefined, options: AuditOptions): boolean {
  const { host, inventory, vagrant, connection, limit } = options;
  return [file, host, inventory, vagrant, connection, limit].some((each) => each !== undefined);
}

/** What is asked of hosts alone is no condition that files could meet. Throws a UserError where no host is named beside them. */
export function checkFilesAlone(file: string | undefined, options: AuditOptions): void {
  if ((!options.compose && !options.dockerfile) || namesHosts(file, options)) return;
  const { minScore, suggest, only, inspec, trustedUsers, dockerBench } = options;
  const name = nameOfGiven({
    '--min-score': minScore,
    '--suggest': suggest,
    '--only': only,
    '--inspec': inspec,
    '--trusted-users': trustedUsers,
    '--docker-bench': dockerBench,
  });
  if (name)
    throw new UserError(`${name} is for the audits of a host, and none is named`, {
      hint: 'Name one with -H [user@]host[:port], or leave it out',
    });
}

/** What the command line demands of containers and their images. */
export function workloadOf({ allowedRegistries, requireDigest, maxAgeDays }: AuditOptions): WorkloadSettings {
  return {
    ...(allowedRegistries ? { allowed_registries: allowedRegistries } : {}),
    ...(requireDigest ? { require_digest: true } : {}),
    ...(maxAgeDays === undefined ? {} : { max_age_days: maxAgeDays }),
  };
}

/** When the command line wants an audit to fail. */
export function gateOf({ failOn, baseline }: AuditOptions): AuditGate {
  return { ...(failOn ? { fail_on: failOn } : {}), ...(baseline ? { baseline } : {}) };
}

const names = hostAudits.map(({ name }) => name);

/** The audits that `--only` names, else the playbook's, else those that need nothing, and beside them the profile of `--inspec`; conditions of the command line hold for each, and win. */
export function withOptions(settings: AuditSettings | undefined, options: AuditOptions): AuditSettings {
  const { inspec } = options;
  // The real script is run where it is at hand: it has to be fetched.
  const byDefault = Object.fromEntries(
    hostAudits.flatMap(({ name, byDefault }) =>
      byDefault || (name === 'docker_bench' && options.checkout) ? [[name, {}]] : [],
    ),
  );
  const without = settings ?? (options.only ? {} : byDefault);
  const named = inspec ? { ...without, inspec: { ...without.inspec, profile: inspec } } : without;
  const asked = options.only ? chosen(inspec ? [...options.only, 'inspec'] : options.only, named) : named;
  const gate = gateOf(options);
  const gated: AuditSettings = Object.fromEntries(
    Object.entries(asked).map(([name, settings]) => [
      name,
      { ...settings, ...gate, ...(name === 'containers' ? workloadOf(options) : {}) },
    ]),
  );
  // Left aside, a condition would let everything pass.
  const where = options.only ? '--only' : 'audit: of the playbook';
  const { minScore, trustedUsers, dockerBench, allowedRegistries, requireDigest, maxAgeDays } = options;
  const workload = nameOfGiven({
    '--allowed-registries': allowedRegistries,
    '--require-digest': requireDigest,
    '--max-age-days': maxAgeDays,
  });
  if (workload && !gated.containers && !options.compose && !options.dockerfile)
    throw new UserError(`${workload} is for the audit of containers, which is not among these audits`, {
      hint: `Add containers to ${where}`,
    });
  if (dockerBench && !gated.docker_bench)
    throw new UserError('--docker-bench is for docker-bench-security, which is not among these audits', {
      hint: `Add docker_bench to ${where}`,
    });
  const scored = ['cis_docker', 'docker_bench'].filter((name) => gated[name]);
  const condition = nameOfGiven({ '--min-score': minScore, '--trusted-users': trustedUsers });
  if (condition && scored.length === 0)
    throw new UserError(`${condition} is for cis_docker and docker_bench, and neither is among these audits`, {
      hint: `Add cis_docker to ${where}`,
    });
  const ofCis = {
    ...(minScore === undefined ? {} : { min_score: minScore }),
    ...(trustedUsers ? { trusted_users: trustedUsers } : {}),
  };
  return { ...gated, ...Object.fromEntries(scored.map((name) => [name, { ...gated[name], ...ofCis }])) };
}

/** The users that may be in the docker group, as the settings of docker-bench-security say. */
export function trustedUsers(settings: AuditSettings): readonly string[] {
  const users = settings.cis_docker?.trusted_users ?? settings.docker_bench?.trusted_users;
  return Array.isArray(users) ? users.map(String) : [];
}

function chosen(only: readonly string[], settings: AuditSettings): AuditSettings {
  for (const name of only) {
    if (names.includes(name)) continue;
    throw new UserError(`--only: there is no audit ${name}`, {
      hint: didYouMean(name, names) ?? `There are ${names.join(', ')}`,
    });
  }
  if (only.includes('inspec') && !settings.inspec)
    throw new UserError('--only inspec: no profile is named', { hint: 'Add --inspec PROFILE, or name one in audit:' });
  return Object.fromEntries(names.filter((name) => only.includes(name)).map((name) => [name, settings[name] ?? {}]));
}
