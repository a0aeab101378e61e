import { createHash } from 'node:crypto';
import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { HostPlan } from '../engine/plan.ts';
import { shownChanges } from '../engine/shown.ts';
import { type Consent, isConsent } from '../engine/task.ts';
import { ExitCode, UserError } from '../errors.ts';
import type { Playbook } from '../playbook/load.ts';
import type { Vars } from '../playbook/vars.ts';
import type { Io } from '../report/io.ts';
import { readLocalFile } from '../text/local-file.ts';
import { version } from '../version.ts';
import { type ChosenHost, chooseHosts, type HostOptions, type PlaybookOptions } from './hosts.ts';
import { planScript } from './plan-script.ts';
import type { PlannedHost } from './sessions.ts';

/** In bytes. */
const MOST_OF_PLAN = 256 * 2 ** 20;

const SavedHost = z.strictObject({
  host: z.string(),
  hostKey: z.string().nullable(),
  tasks: z.array(z.unknown()),
  /** The very shell text, secrets masked: what a reader reviews. */
  script: z.string(),
  /** SHA-256 over the unmasked scripts and changes: what must still be planned at apply. What is shown is compared as well. */
  digest: z.string(),
});

const SavedPlan = z.strictObject({
  harden_plan: z.literal(1),
  tool: z.string(),
  at: z.string(),
  playbook: z.string(),
  /** The playbook as the person called it; so it is called again where that leads to the same file. */
  called: z.string(),
  sources: z.array(z.strictObject({ file: z.string(), sha256: z.string() })),
  vars: z.record(z.string(), z.unknown()),
  tags: z.array(z.string()).optional(),
  skipTags: z.array(z.string()).optional(),
  /** How the hosts were named, as `apply` names them again; -H, an inventory (its whole path) and --vagrant. */
  named: z.strictObject({
    host: z.array(z.string()).optional(),
    inventory: z.string().optional(),
    vagrant: z.union([z.string(), z.boolean()]).optional(),
  }),
  /** Refusals that were set aside; each is told as a remark at its task. */
  iKnow: z.array(z.string().refine(isConsent)).optional(),
  hosts: z.array(SavedHost),
  /** SHA-256 of all the rest: a file that was edited is told from a host that has moved on. */
  sum: z.string(),
});

/** A plan that was saved, to be applied only if it would come out the same again. */
export interface SavedPlan extends z.infer<typeof SavedPlan> {
  readonly playbookOptions: PlaybookOptions;
}

/** Writes a plan, 0600, whole or not at all. Secrets are masked; variables whose values are secret are left out and must be given again. */
export async function writePlanFile(
  file: string,
  playbook: Playbook,
  plans: readonly HostPlan[],
  options: {
    readonly vars: Vars;
    readonly tags?: readonly string[] | undefined;
    readonly skipTags?: readonly string[] | undefined;
    readonly iKnow?: readonly Consent[] | undefined;
  },
  { host, inventory, vagrant }: Pick<HostOptions, 'host' | 'inventory' | 'vagrant'>,
  hosts: readonly PlannedHost[],
): Promise<void> {
  const vars = Object.fromEntries(
    Object.entries(options.vars).filter(([, value]) =>
      plans.every(({ masker }) => JSON.stringify(masker.deep(value)) === JSON.stringify(value)),
    ),
  );
  const saved: Omit<z.infer<typeof SavedPlan>, 'sum'> = {
    harden_plan: 1,
    tool: version,
    at: new Date().toISOString(),
    playbook: resolve(playbook.file),
    called: playbook.file,
    sources: playbook.sources.map(({ file: source, sha256 }) => ({ file: resolve(source), sha256 })),
    vars,
    ...(options.tags ? { tags: [...options.tags] } : {}),
    ...(options.skipTags ? { skipTags: [...options.skipTags] } : {}),
    ...(options.iKnow ? { iKnow: [...options.iKnow] } : {}),
    named: {
      ...(host ? { host: [...host] } : {}),
      ...(inventory ? { inventory: resolve(inventory) } : {}),
      ...(vagrant ? { vagrant } : {}),
    },
    hosts: hosts.map(savedHost),
  };
  try {
    await writeWhole(file, `${JSON.stringify({ ...saved, sum: sumOf(saved) }, null, 2)}\n`);
  } catch (error) {
    throw new UserError(`the plan cannot be written to ${file}: ${(error as Error).message}`, {
      exitCode: ExitCode.Failed,
    });
  }
}

/** What the file says of one host; made anew at apply, and it must be the same to the letter. */
function savedHost({ plan, session }: PlannedHost): z.infer<typeof SavedHost> {
  return {
    host: plan.host,
    hostKey: session.hostKey ?? null,
    tasks: plan.masker.deep(
      plan.tasks.map((task) => ({
        name: task.task.name,
        type: task.task.type.type,
        action: task.action,
        changes: shownChanges(task, plan.masker),
        findings: task.findings.map(({ level, message, hint }) => ({ level, message, hint })),
      })),
    ),
    script: planScript(plan),
    digest: digest(plan),
  };
}

/** Whoever edits the file can make this anew: it tells of an edit, and what is shown is held by the comparison with the new plan. */
function sumOf(saved: Omit<z.infer<typeof SavedPlan>, 'sum'>): string {
  return createHash('sha256').update(JSON.stringify(saved)).digest('hex');
}

async function writeWhole(file: string, text: string): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  // A device or a pipe (/dev/stdout) is written to: a file that took its place would break it for everybody.
  if (there && !there.isFile()) return writeFile(file, text);
  const target = there ? await realpath(file) : file;
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.close();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The plan that `file` holds, or undefined when it is something else (a playbook). Throws a UserError for a plan of another version. */
export async function readPlanFile(file: string): Promise<SavedPlan | undefined> {
  // A pipe can be read once: it is a playbook's.
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  const text = isFile ? readLocalFile(file, MOST_OF_PLAN).toString('utf8') : '';
  if (!text.trimStart().startsWith('{') || !text.includes('"harden_plan"')) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UserError(`${file} is a saved plan that is cut off or was edited: it is not JSON any more`, {
      hint: 'Make it again with harden plan --out',
    });
  }
  const parsed = SavedPlan.safeParse(json);
  if (!parsed.success)
    throw new UserError(`${file} is a saved plan of another version of harden, or was edited`, {
      hint: 'Make it again with harden plan --out',
    });
  const { sum, ...rest } = json as z.infer<typeof SavedPlan>;
  if (sum !== sumOf(rest))
    throw new UserError(`${file} is a saved plan that was edited: it does not say what harden wrote`, {
      exitCode: ExitCode.StalePlan,
      hint: 'Make it again with harden plan --out, and change the playbook instead',
    });
  const { tags, skipTags, iKnow } = parsed.data;
  const playbookOptions = {
    ...(tags ? { tags } : {}),
    ...(skipTags ? { skipTags } : {}),
    ...(iKnow ? { iKnow } : {}),
  };
  const { playbook, called } = parsed.data;
  return { ...parsed.data, playbook: resolve(called) === playbook ? called : playbook, playbookOptions };
}

/** The hosts of a saved plan, by the inventory or the machines that it was made with. Throws the stale-plan error where these do not know one of them any more. */
export async function savedHosts(saved: SavedPlan, options: HostOptions, io: Io): Promise<readonly ChosenHost[]> {
  const names = saved.hosts.map(({ host }) => host);
  if (names.length === 0) throw stale('no host could be planned when it was made');
  const { host, inventory, vagrant } = saved.named;
  if (!inventory && !vagrant) return chooseHosts({ ...options, host: names }, io);
  const chosen = await chooseHosts(
    { ...options, ...(host ? { host } : {}), ...(inventory ? { inventory } : {}), ...(vagrant ? { vagrant } : {}) },
    io,
  );
  // A limit chooses among them; what it names beside them is told as stale.
  const hosts = options.limit ? chosen : chosen.filter(({ name }) => names.includes(name));
  const missing = names.find((name) => hosts.every((each) => each.name !== name));
  if (missing !== undefined && !options.limit)
    throw stale(`it speaks of the host ${missing}, which ${inventory ?? 'the Vagrantfile'} does not name any more`);
  return hosts;
}

/** Throws the stale-plan error (exit 3) unless playbook, host keys and every planned change are what was saved. */
export function checkPlanFile(saved: SavedPlan, playbook: Playbook, hosts: readonly PlannedHost[]): void {
  if (saved.tool !== version) throw stale(`it was made by harden ${saved.tool}, and this is ${version}`);
  const now = new Map(playbook.sources.map(({ file, sha256 }) => [resolve(file), sha256]));
  for (const { file, sha256 } of saved.sources) if (now.get(file) !== sha256) throw stale(`${file} has changed since`);
  for (const entry of hosts) {
    const { plan, session } = entry;
    const before = saved.hosts.find(({ host }) => host === plan.host);
    if (!before) throw stale(`it does not speak of the host ${plan.host}`);
    if (before.hostKey !== (session.hostKey ?? null)) throw stale(`${plan.host} has another host key now`);
    if (before.digest !== digest(plan))
      throw stale(`${plan.host} has moved on: what differs there is not what the plan shows`);
    // Without undefined, as in the file.
    if (!isDeepStrictEqual(before, JSON.parse(JSON.stringify(savedHost(entry)))))
      throw stale(`what it shows of ${plan.host} is not what would be applied: the file was edited`);
  }
}

function stale(reason: string): UserError {
  return new UserError(`the saved plan is stale: ${reason}`, {
    exitCode: ExitCode.StalePlan,
    hint: 'Make a new one with harden plan --out',
  });
}

function digest(plan: HostPlan): string {
  const content = plan.tasks.map(({ action, change, script, unknown }) => [
    action,
    change?.before ?? null,
    change?.after ?? null,
    script ?? null,
    unknown ?? null,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([content, plan.handlers]))
    .digest('hex');
}
