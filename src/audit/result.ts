/** How bad a finding is if it stands, by what an attacker or an accident gains from it. */
export type Severity = 'high' | 'medium' | 'low' | 'info';

/** What mends a finding, in the form in which it is done. */
export type Fix =
  /** A task of a playbook. */
  | { readonly kind: 'task'; readonly type: string; readonly params: Readonly<Record<string, unknown>> }
  /** A flag of `docker run`: `--read-only`. */
  | { readonly kind: 'docker-run'; readonly flag: string }
  /** Lines of the service in a compose file, indented from column 0: `read_only: true`. */
  | { readonly kind: 'compose'; readonly yaml: string }
  /** A line of a Dockerfile: `USER 10001`. */
  | { readonly kind: 'dockerfile'; readonly line: string };

/** Why a finding does not count: a line of a baseline. */
export interface Acceptance {
  readonly reason: string;
  /** The last day on which it is accepted, `2027-01-31`; undefined: no end. */
  readonly expires?: string | undefined;
}

/** One line of an audit, whichever tool it came from. */
export interface AuditCheck {
  /** The tool's own: `2.14`, `privileged`, `SSH-7408`. With the subject it names a finding; only files may have several places of one. */
  readonly id: string;
  readonly title: string;
  /** PASS and WARN count; INFO and NOTE are for a person to read; SKIP was not checked, and is never passed. */
  readonly result: 'PASS' | 'WARN' | 'INFO' | 'NOTE' | 'SKIP';
  readonly severity: Severity;
  readonly section: string;
  /** What it was found on, if that is not the host as a whole: a container, an image, a file, a service of a compose file. */
  readonly subject?: string | undefined;
  /** Where in the subject: `.HostConfig.Privileged`. */
  readonly field?: string | undefined;
  /** `file:line:column` in a file of the operator. */
  readonly at?: string | undefined;
  readonly details?: string | undefined;
  readonly items?: readonly string[] | undefined;
  /** What to do about it, for a person. */
  readonly remediation?: string | undefined;
  /** What mends it, each by itself. */
  readonly fix?: readonly Fix[] | undefined;
  /** What it takes to mend it. */
  readonly effort?: 'low' | 'medium' | 'high' | undefined;
  /** What mending costs what runs: nothing, a restart of Docker, containers made anew, data that moves or goes out of sight. */
  readonly risk?: 'none' | 'restart' | 'recreate' | 'data' | undefined;
  /** How many points the tool's score gains when it is mended. */
  readonly points?: number | undefined;
  /** Why harden does not chase it. */
  readonly declined?: string | undefined;
  /** Why a PASS does not mean what it says. */
  readonly caveat?: string | undefined;
  /** Checks of docker-bench-security (CIS Docker Benchmark) that ask the same: `5.5`. */
  readonly related?: readonly string[] | undefined;
  /** It stands for a part that was not looked at: no gate passes with it. */
  readonly unread?: boolean | undefined;
  /** A baseline accepts it: it counts for no gate. */
  readonly accepted?: Acceptance | undefined;
}

/** The run before on this host, where one is on record. */
export interface PreviousAudit {
  readonly score?: number | undefined;
  /** ISO 8601. */
  readonly at: string;
  /** `findingKey` of each check that warned. */
  readonly warnings: readonly string[];
}

/** An audit that ran. */
export interface AuditDone {
  /** The registry of audits says which there are. */
  readonly tool: string;
  readonly status: 'done';
  /** The tool's own score, where it has one. */
  readonly score?: number | undefined;
  /** How many checks ran. */
  readonly checks: number;
  readonly results: readonly AuditCheck[];
  /** Why the report is not whole. */
  readonly incomplete?: string | undefined;
  readonly previous?: PreviousAudit | undefined;
  /** Why the audit counts as below its threshold: `min_score`, `fail_on`; empty: it does not. */
  readonly failures: readonly string[];
  /** What the reader must know beside the findings: baseline entries that have expired or met nothing, a record that was not kept. */
  readonly notes?: readonly string[] | undefined;
}

/** An audit that could not run; it never counts as passed. */
export interface AuditNotRun {
  readonly tool: string;
  readonly status: 'not-run';
  readonly reason: string;
}

/** An audit that could not run, and why. */
export function notRun(reason: string): AuditOutcome {
  return { status: 'not-run', reason };
}

/** What one audit tool said of one host (or one file). */
export type AuditResult = AuditDone | AuditNotRun;

/** What an audit says of itself: a result before its tool is named. */
export type AuditOutcome = Omit<AuditDone, 'tool'> | Omit<AuditNotRun, 'tool'>;

/** Tools whose score is a sum: a point for each check that passes, and one less for each that warns. The ids of the CIS Docker Benchmark are theirs. */
const CIS_TOOLS: readonly string[] = ['docker-bench-security', 'cis-docker'];

/** Whether a tool gives the checks of the CIS Docker Benchmark, and their sum for a score. */
export function isCisTool(tool: string): boolean {
  return CIS_TOOLS.includes(tool);
}

/** What names a finding from one run to the next. */
export function findingKey({ id, subject }: Pick<AuditCheck, 'id' | 'subject'>): string {
  return subject === undefined ? id : `${id} ${subject}`;
}

/** A check whose result changes with a suggestion. */
export interface PredictedChange {
  readonly id: string;
  readonly from: AuditCheck['result'];
  readonly to: AuditCheck['result'];
}

/** A finding that no task of a suggestion mends, and why. */
export interface LeftOut {
  readonly id: string;
  readonly why: string;
}

/** The playbook that would mend what docker-bench-security found on a host. */
export interface AuditSuggestion {
  readonly file: string;
  /** docker-bench-security's score now, and as predicted once the file is applied. */
  readonly score: number;
  readonly predicted: number;
  readonly tasks: number;
  readonly changes: readonly PredictedChange[];
  readonly left: readonly LeftOut[];
}
