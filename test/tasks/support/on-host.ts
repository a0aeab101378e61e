import { type Change, diff } from '../../../src/engine/diff.ts';
import { HOST_FILES } from '../../../src/engine/host-files/index.ts';
import type { State } from '../../../src/engine/state.ts';
import type { AnyTaskType, TaskType } from '../../../src/engine/task.ts';
import type { Script } from '../../../src/remote/sh.ts';
import type { ExecResult, LabHost } from '../../lab/lab.ts';
import { fakeFiles } from '../../support/describe-task.ts';
import { debian12Facts } from '../../support/facts.ts';

export interface Outcome {
  readonly action: Change['action'] | 'none';
  /** Why the validator or the change itself said no; undefined when all went well. */
  readonly failure?: string;
  /** What still differs afterwards: it should be nothing. */
  readonly left: readonly string[];
}

/** Runs a script as the engine does: as root, stopping at the first error, with a private directory. */
export async function runOnHost(host: LabHost, script: Script): Promise<ExecResult> {
  return host.exec('sh', {
    input: `export LC_ALL=C; umask 077; set -eu
harden_tmp=$(mktemp -d /run/harden-test.XXXXXX)
trap 'rm -rf "$harden_tmp"' EXIT
${HOST_FILES}main() {
(
${script}
)
}
main </dev/null`,
  });
}

/** What a probe prints, byte for byte. */
export async function probeOnHost(host: LabHost, script: Script): Promise<string> {
  const { stdout } = await host.exec('sh | base64 -w 0', {
    input: `export LC_ALL=C\n${HOST_FILES}main() {\n${script}\n}\nmain </dev/null`,
  });
  return Buffer.from(stdout, 'base64').toString('utf8');
}

/** What a plan says of one task on a host. */
export async function planOnHost<P, S extends State>(
  host: LabHost,
  type: TaskType<P, S>,
  params: unknown,
): Promise<Planned<P, S>> {
  const parsed = type.params.parse(params);
  const p = type.load ? type.load(parsed, fakeFiles({})) : parsed;
  const before = type.read(await probeOnHost(host, type.probe(p, debian12Facts)), p);
  const change = diff(before, type.want(p, debian12Facts, before));
  const findings = type.findings?.(change, p, { facts: debian12Facts, before }) ?? [];
  return { params: p, before, change, findings: findings.map(({ level, message }) => `${level}: ${message}`) };
}

export interface Planned<P, S extends State> {
  readonly params: P;
  readonly before: S;
  readonly change: Change<S> | undefined;
  /** `level: message`. */
  readonly findings: readonly string[];
}

/** One task from probe to proof on a host, applied twice, as every change must bear, or once where that takes long. */
export async function converge(
  host: LabHost,
  type: AnyTaskType,
  params: unknown,
  times: readonly string[] = ['first', 'second'],
): Promise<Outcome> {
  const parsed = type.params.parse(params);
  const task = type.load ? type.load(parsed, fakeFiles({})) : parsed;
  const look = async () => type.read(await probeOnHost(host, type.probe(task, debian12Facts)), task);
  const before = await look();
  const change = diff(before, type.want(task, debian12Facts, before));
  if (!change) return { action: 'none', left: [] };
  const checked = await runOnHost(host, type.validate?.(change, task, debian12Facts) ?? ':');
  if (checked.exitCode !== 0) return { action: change.action, failure: checked.stderr, left: [...change.keys] };
  for (const time of times) {
    const applied = await runOnHost(host, type.apply(change, task, debian12Facts));
    if (applied.exitCode !== 0)
      return { action: change.action, failure: `${time}: ${applied.stderr}`, left: [...change.keys] };
  }
  const after = await look();
  return { action: change.action, left: diff(after, type.want(task, debian12Facts, after))?.keys ?? [] };
}
