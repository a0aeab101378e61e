import type { z } from 'zod';
import type { Facts } from '../remote/facts.ts';
import type { Script } from '../remote/sh.ts';
import type { AccessEffect } from './access-effect.ts';
import type { FileRead } from './ask-files.ts';
import type { Change, ChangeAction } from './diff.ts';
import type { State } from './state.ts';

/**
 * Something a task needs on the host, or brings: `path:/etc/docker`, `directory:/etc/docker` (needed alone: it is there, or the task makes it where root alone can write), `user:admin`, `group:docker`, `package:docker.io`, `unit:docker.service`
 * (systemd knows it), `running:docker.service` (it is active: what it tells is known only then), `network:front` and `container:web` (Docker's), `plugin:docker-compose` (of its
 * command), `command:ufw`.
 */
export type Need =
  `${'path' | 'directory' | 'user' | 'group' | 'package' | 'unit' | 'running' | 'network' | 'container' | 'plugin' | 'command'}:${string}`;

/** What runs once, after the steps, when a step that names it changed something. */
export interface Handler {
  /** Unique in a run; also the name of its pending marker on the host. */
  readonly name: string;
  /** Runs first; a failure keeps `run` from running and leaves the handler pending. */
  readonly check?: Script | undefined;
  /** MAY exit with `WITHDRAWN`. */
  readonly run: Script;
  /** It only tries out what was applied, so it does not run where that is undone. */
  readonly onlyTries?: boolean | undefined;
}

/** Exit status of a handler that failed, and has put back what it was to bring into force: it is not due any more. */
export const WITHDRAWN = 76;

/** Risks that a person can have a reason to take, and that no proof can rule out, with what may come of each: `--i-know NAME` makes a remark of their refusals. */
export const CONSENTS = {
  'network-at-boot': 'after the next boot the host may come up with another network or firewall, or with none',
  'ssh-off-at-boot': 'after the next boot nobody can log in by sshd; fit where another server lets you in',
} as const;
export type Consent = keyof typeof CONSENTS;

/** Whether it names a risk that can be taken. */
export function isConsent(name: string): name is Consent {
  return Object.hasOwn(CONSENTS, name);
}

/** A refusal at plan, or a remark on it. */
export interface Finding {
  readonly level: 'refuse' | 'warn';
  readonly message: string;
  readonly hint?: string | undefined;
  /** What on the host a refusal rests on, where its words do not name it: things (`package:ufw`), kinds of them (`service:`), directories (`path:/etc/apt/`). Empty: nothing that an earlier task does takes it away. */
  readonly because?: readonly string[] | undefined;
  /** A refusal that a person may set aside; the message MUST say what is risked. */
  readonly consent?: Consent | undefined;
}

/**
 * A task type is data in, text out: it reads a host with one script, says what should hold, and writes the script that makes it so.
 * Every member is pure; none talks to a host.
 */
export interface TaskType<P = never, S extends State = State> {
  /** The YAML key. */
  readonly type: string;
  /** One sentence, for docs and the schema. */
  readonly summary: string;
  /** What a reader of the reference should know: what is read, traps, CIS and docker-bench ids. Markdown; one paragraph. */
  readonly notes?: string;
  /** MUST be a strict object whose keys all have a `.describe()`. */
  readonly params: z.ZodType<P>;
  /** Documented, and run through the conformance suite; MUST hold at least one. */
  readonly examples: readonly NoInfer<z.input<z.ZodType<P>>>[];
  /** Unique within the type: two tasks with the same type and id speak of the same thing. */
  id(params: P): string;
  /** MUST only read. Exit status and stderr are ignored, but for a status from 65 to 125: then the plan fails with stderr as the reason. */
  probe(params: P, facts: Facts): Script;
  /** Files that the probe reads by `readFile`: a batch asks for all of them at once. */
  reads?(params: P): readonly FileRead[];
  /** Parses what the probe printed; null: it does not exist. MAY throw a HostError. */
  read(output: string, params: P): S;
  /** Only the keys that the playbook speaks of; null: must not exist. `before` is what was read, for types that merge into it. */
  want(params: P, facts: Facts, before: S): S;
  /** before -> after; MUST be safe to repeat, and runs under `set -eu` as root with an empty stdin. */
  apply(change: Change<S>, params: P, facts: Facts, outlook?: Outlook): Script;

  /** Completes the parameters with what stands on the operator's machine (the content of a `src`); runs once, when the playbook is resolved, before every other member. */
  load?(params: P, local: LocalFiles): P;
  /** Why no host of this kind can have it, whatever is installed; judged before the needs. */
  unfit?(params: P, facts: Facts): Finding | undefined;
  /** What must hold on the host, or be provided by an earlier task, before this one can run. */
  needs?(params: P, facts: Facts): readonly Need[];
  /** What holds once this task is done. */
  provides?(params: P): readonly Need[];
  /** What a change alters beside what it keeps, provides and is named after: what an earlier refusal may rest on. */
  touches?(params: P, change: Change<S>): readonly string[];
  /** For a change that may alter anything: the text that tells what it speaks of; empty: nothing tells. */
  touchesAnything?(params: P): string;
  /** `'access'`: the task may cut the login off, so the guard undoes it before all else. */
  risk?(params: P, change: Change<S>): 'access' | undefined;
  /** How the task bears on who can log in and become root, whether it changes anything or not. */
  access?(params: P): AccessEffect | readonly AccessEffect[];
  /** Why the state counts only once the earlier tasks that change something, and their handlers, are through: the change is known after apply then. Undefined: what holds at plan counts. */
  awaits?(params: P): string | undefined;
  /** For a change whose script has the host boot anew shortly after it: for how many seconds the run waits for it, before it goes on. */
  reboots?(params: P, change: Change<S>): number | undefined;
  /** Checks what would be written, on private copies under `$harden_tmp` (a fresh 0700 directory, removed afterwards); fails with a message on stderr. Runs during plan and again right before the change. */
  validate?(change: Change<S>, params: P, facts: Facts): Script | undefined;
  /** Looks ahead over all changes of the type together, in the round trip of the validators. */
  readonly foresee?: {
    /** Only reads; undefined: there is nothing to ask. */
    script(all: readonly Foreseen<P, S>[]): Script | undefined;
    /** What follows from its output for each, in the same order. */
    findings(output: string, all: readonly Foreseen<P, S>[]): readonly (readonly Finding[])[];
  };
  /** Refusals and remarks that follow from what was read; runs at plan. */
  findings?(change: Change<S> | undefined, params: P, context: FindingContext<S>): readonly Finding[];
  /** Handlers that a change of this task notifies by itself. */
  handlers?(params: P, change: Change<S>): readonly Handler[];
  /** Files and directories that the change may alter: kept on the host before the step, and put back (or removed, where they were not) by rollback and guard. */
  keeps?(params: P, change: Change<S>): readonly string[];
  /** Runs after the kept paths are back, to make `change.before` hold again where files alone do not; undefined where there is nothing more to do. */
  undo?(change: Change<S>, params: P, facts: Facts): Script | undefined;
  /** Runs after the handlers, once a fresh login by the new way in has succeeded: closes an old one that the change had left open beside it. */
  closeOldWay?(change: Change<S>, params: P, facts: Facts, outlook?: Outlook): Script | undefined;
  /** How the change is called where a thing that does not exist has a state all the same: what was read around it. */
  action?(params: P, change: Change<S>): ChangeAction;
  /** What of this change cannot be taken back, said before apply and at rollback. */
  irreversible?(params: P, change: Change<S>): string | undefined;
  /** State keys whose values are secrets: never shown, logged or saved. */
  readonly secretKeys?: readonly string[];
  /** Secrets among the parameters (crypt hashes, passwords): masked wherever they would appear. */
  secrets?(params: P): readonly string[];
  /** What of the state people need to know, as a sentence: told at the end of an apply that changed it, and in verbose plans. */
  tells?(params: P, state: S): string | undefined;
  /** Fails where what the task is for does not work, though nothing differs; says why on stderr. Runs at the proof of a run that changed something, on whatever task, equal texts once, with `$harden_tmp`. MUST leave nothing behind. */
  proof?(params: P, facts: Facts): Script | undefined;
  /** False when the state cannot be read back (a command without a guard): left out of the proof. */
  provable?(params: P): boolean;
}

/** One change among those that a type looks ahead over. */
export interface Foreseen<P, S extends State> {
  /** The task's place in the run. */
  readonly index: number;
  readonly params: P;
  readonly change: Change<S>;
}

/** The operator's files, as a playbook sees them: relative paths start at the playbook's folder, `~` is the operator's home. */
export interface LocalFiles {
  /** The file's bytes; throws a UserError that names the path when it cannot be read. */
  read(path: string): Buffer;
  /** A Handlebars text (strict, unescaped) rendered with the task's variables; `name` is the file for error positions. */
  render(text: string, name: string): string;
}

/** What a task may know of the run and of the playbook around it; undefined where nothing says. */
export interface Outlook {
  /** How this run reaches the host. */
  readonly transport?: 'ssh' | 'openssh' | 'local' | undefined;
  /** Whether sudo asked for the login's password on the way to root. */
  readonly passwordAsked?: boolean | undefined;
  /** How all tasks of the playbook, also those behind, bear on who can log in. */
  readonly effects?: readonly AccessEffect[] | undefined;
  /** The parameters of all tasks of a type in the playbook that are not skipped, also those behind. */
  readonly tasksOf?: ((type: string) => readonly unknown[]) | undefined;
  /** Whether an earlier task changes something. */
  readonly changing?: boolean | undefined;
  /** What earlier tasks with a change will have brought by then. */
  readonly pending?: readonly Need[] | undefined;
  /** The parameters of the earlier tasks of this type that change something, in order. */
  readonly earlier?: readonly unknown[] | undefined;
}

export interface FindingContext<S extends State = State> extends Outlook {
  readonly facts: Facts;
  readonly before: S;
}

/** A task type whose parameters are no longer of interest: what registry and engine handle. */
// biome-ignore lint/suspicious/noExplicitAny: each type's own P and S are checked where it is defined
export type AnyTaskType = TaskType<any, any>;

/** Types a task type's members from its schema; returns it unchanged. */
export function defineTask<P, S extends State>(type: TaskType<P, S>): TaskType<P, S> {
  return type;
}
