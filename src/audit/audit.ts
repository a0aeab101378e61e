import type { z } from 'zod';
import type { AuditGate, WorkloadSettings } from '../engine/resolved-task.ts';
import type { Script } from '../remote/sh.ts';
import type { SourceOptions } from './docker-bench/source.ts';
import type { AuditOutcome } from './result.ts';

/** The way to a host for a program that speaks ssh itself: what the ssh configuration and the options come to, or `local`. */
export type OperatorWay =
  | 'local'
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly identityFiles: readonly string[];
      /** Connects by this command's stdin and stdout, where a jump host stands between. */
      readonly proxyCommand?: string | undefined;
      /** The login is not root. */
      readonly sudo: boolean;
      readonly sudoPassword?: string | undefined;
    };

/** What a host answered to an audit's script. */
export interface AuditAnswer {
  readonly stdout: string;
  /** The last line of stderr, cleaned; undefined: there is none. */
  readonly said: string | undefined;
  readonly exitCode: number;
}

/** Where the files of other people's audits come from. */
export interface AuditSources {
  readonly dockerBench: SourceOptions;
}

/** Asks a host with one script, and reads the answer. */
export interface ProbeWork<S> {
  readonly kind: 'probe';
  /** MUST NOT change the host beyond a private directory that is removed. MAY throw a UserError: the audit does not run, and that is why. */
  script(settings: S, sources: AuditSources): Script | Promise<Script>;
  /** Reads defensively: names and labels on a host are written by strangers. */
  read(answer: AuditAnswer, settings: S): AuditOutcome;
  /** It takes minutes and can be stopped: it runs as a step does. */
  readonly long?: true;
}

/** Runs a program of the operator's machine against a host. */
export interface RunWork<S> {
  readonly kind: 'run';
  run(way: OperatorWay, settings: S): Promise<AuditOutcome>;
}

/** Judges a file of the operator; throws a UserError with the place of what cannot be read. */
export interface JudgeWork {
  readonly kind: 'judge';
  /** `environment`: the operator's. */
  judge(
    file: string,
    settings: WorkloadSettings,
    now: Date,
    environment?: Readonly<Record<string, string | undefined>>,
  ): Promise<AuditOutcome>;
}

interface AuditNames {
  /** The key of `audit:` in a playbook, and the word of `--only`. */
  readonly name: string;
  /** What its results are called. */
  readonly tool: string;
  /** Every id that its checks can have; missing: they are the tool's own, and not known beforehand. */
  ids?(): Promise<readonly string[]>;
}

/**
 * An audit of a host: data in, text out, as a task type is. What keeps it from running is a `notRun` with the reason, never an exception and
 * never an empty `done`; what it could not look at is a check with the result SKIP. `failures` stays empty here: baselines, gates and the
 * comparison with the run before are the same for all (pipeline.ts).
 */
export interface HostAudit<S extends AuditGate = AuditGate> extends AuditNames {
  readonly of: 'host';
  /** What it looks at, for the schema and the reference; continues "What is measured: …". */
  readonly summary: string;
  /** A strict object: the gate's keys, and its own, each with a `.describe()`. */
  readonly settings: z.ZodType<S>;
  /** It cannot run without settings: `true` does not ask for it. */
  readonly needsSettings?: true;
  /** Runs where neither a playbook nor `--only` says which. */
  readonly byDefault?: true;
  /** Runs with the audit of this name, unless the playbook says false. */
  readonly beside?: string;
  /** Completes paths that start at the playbook's folder. */
  settle?(settings: S, folder: string): S;
  /** What does the work, loaded when it is asked for. */
  load(): Promise<ProbeWork<S> | RunWork<S>>;
}

/** An audit of a file. */
export interface FileAudit extends AuditNames {
  readonly of: 'file';
  load(): Promise<JudgeWork>;
}

/** Types an audit's members from its settings; returns it for the registry, where the settings are no longer of interest. */
export function defineAudit<S extends AuditGate>(audit: HostAudit<S>): HostAudit {
  return audit as unknown as HostAudit;
}
