import { createHash } from 'node:crypto';
import { formatPosition } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { clip } from '../text/clean.ts';
import type { Masker } from '../text/masker.ts';
import { reversed } from './diff.ts';
import { PENDING } from './host-layout.ts';
import type { PlannedHandler, PlannedTask, TaskAction } from './plan.ts';
import { type ShownChange, shownChanges } from './shown.ts';
import { type Handler, WITHDRAWN } from './task.ts';

/** One step as apply sends it: keep what is there, remember the handlers, validate, change. `directory`: where the run's journal has it. */
export function stepScript(
  planned: PlannedTask,
  directory: string,
  handlers: readonly Handler[],
  facts: Facts,
  masker: Masker,
): Script {
  const { task, change, script } = planned;
  if (!change || script === undefined) throw new Error(`task ${task.index} has nothing to apply`);
  const keeps = task.type.keeps?.(task.params, change) ?? [];
  const validate = task.type.validate?.(change, task.params, facts);
  const undo = task.type.undo?.(change, task.params, facts);
  const redo = keeps.length === 0 ? undefined : task.type.undo?.(reversed(change), task.params, facts);
  const lines = ['set -eu', sh`harden_begin ${directory} ${task.name}`];
  if (keeps.length > 0) lines.push(sh`harden_keep ${keeps}`);
  if (undo !== undefined) lines.push(sh`harden_note undo ${undo}`);
  // what is to run once a rollback of this step is itself rolled back, and the files are as the step left them
  if (keeps.length > 0 && (undo ?? redo) !== undefined && !masker.finds(redo ?? ''))
    lines.push(sh`harden_note redo ${redo ?? ':'}`);
  lines.push(sh`harden_note step.json ${JSON.stringify(masker.deep(stepRecord(planned, masker)))}`);
  if (task.sensitive || holdsSecret(planned, masker)) lines.push(': >"$harden_step/secret"');
  if (planned.risk) lines.push(': >"$harden_step/access"');
  if (validate !== undefined) lines.push(`(\n${validate}\n)`);
  lines.push('harden_started');
  for (const name of planned.notifies) {
    const handler = handlers.find((candidate) => candidate.name === name);
    if (handler) lines.push(notifyScript(handler, masker));
  }
  lines.push(`(\n${script}\n)`, 'harden_done');
  return lines.join('\n');
}

/** What the step writes is nothing to be shown by whoever rolls it back, who does not know the playbook's secrets. */
function holdsSecret({ change, script = '' }: PlannedTask, masker: Masker): boolean {
  const text = JSON.stringify(change) + script;
  return masker.finds(text);
}

/** Leaves the handler on the host as pending; one that holds a secret without what it does, which the playbook must say again. */
function notifyScript({ name, check = '', run, onlyTries }: Handler, masker: Masker): Script {
  const slug = handlerSlug(name);
  if (!masker.finds(check + run)) return sh`harden_notify ${slug} ${name} ${check} ${run} ${onlyTries ? ':' : run}`;
  const withheld = `the handler "${name}" holds a secret, so the host does not keep it`;
  const again = sh`echo ${`${withheld}: apply the playbook that says what it does`} >&2
exit 1`;
  return sh`harden_notify ${slug} ${name} ${''} ${again} ${sh`echo ${`note: ${withheld}: run by hand what must be reloaded`}`}`;
}

/** Of a value in the journal's record of a step, in characters. */
const LONGEST_VALUE = 20_000;

/** What the journal tells of a step: what a person saw of it, nothing that a person may not see. */
export interface StepRecord {
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** `file:line:column`. */
  readonly at: string;
  readonly action: TaskAction;
  readonly changes: readonly ShownChange[];
  readonly access: boolean;
  /** What of it cannot be taken back. */
  readonly irreversible?: string | undefined;
  /** What the task brings, as needs are written. */
  readonly provides: readonly string[];
}

function stepRecord(planned: PlannedTask, masker: Masker): StepRecord {
  const { task, action, risk, irreversible } = planned;
  return {
    name: task.name,
    type: task.type.type,
    id: task.id,
    at: formatPosition(task.at),
    action,
    changes: shownChanges(planned, masker).map(shortened),
    access: risk,
    irreversible,
    provides: task.type.provides?.(task.params) ?? [],
  };
}

/** What a file held is kept beside the record, so that this stays small. */
function shortened({ key, before, after }: ShownChange): ShownChange {
  const short = <T>(value: T) => (typeof value === 'string' ? clip(value, LONGEST_VALUE) : value);
  return { key, before: short(before), after: short(after) };
}

/** One handler as apply sends it; its marker goes when it has run, or has put back what it was for. */
export function handlerScript(handler: PlannedHandler | Handler): Script {
  const lines = ['set -eu', sh`trap 'harden_handled ${raw(handlerSlug(handler.name))}' EXIT`, 'harden_busy'];
  if (handler.check) lines.push(`(\n${handler.check}\n)`);
  const over = sh`case $harden_rc in 0 | ${WITHDRAWN}) rm -rf ${PENDING}/${handlerSlug(handler.name)} ;; esac`;
  // As a condition, it would go on after a command that failed.
  lines.push('set +e', `(\nset -eu\n${handler.run}\n)`, 'harden_rc=$?', over, 'exit "$harden_rc"');
  return lines.join('\n');
}

/** A validator as plan sends it, with its private directory. */
export function validateScript(planned: PlannedTask, facts: Facts): Script | undefined {
  const { task, change } = planned;
  if (!change || planned.unknown !== undefined) return undefined;
  const script = task.type.validate?.(change, task.params, facts);
  // What is kept is written, except by the one type that can mean a link itself, and says by itself where it must not go on.
  const written =
    change.action === 'delete' || task.type.type === 'file' ? [] : (task.type.keeps?.(task.params, change) ?? []);
  if (script === undefined && written.length === 0) return undefined;
  const writable =
    written.length === 0
      ? ''
      : sh`for harden_path in ${written}; do (harden_writable "$harden_path") || exit 1; done\n`;
  return inPrivateDirectory(writable + (script ?? ':'));
}

/** A script that is no step, with `$harden_tmp` as a fresh private directory. */
export function inPrivateDirectory(script: Script): Script {
  return `set -eu\nharden_tmp=$(mktemp -d /run/harden-tmp.XXXXXX)\ntrap 'rm -rf "$harden_tmp"' EXIT\n(\n${script}\n)`;
}

/** `0007`: a step's directory in the journal; sorts as the steps ran. */
export function stepDirectory(index: number): string {
  return String(index).padStart(4, '0');
}

function handlerSlug(name: string): string {
  const word = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return `${word}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
