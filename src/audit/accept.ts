import type { AuditCheck, AuditDone, AuditResult } from './result.ts';

/** An accepted finding, as a baseline says it. */
export interface Accepting {
  readonly id: string;
  readonly subject?: string | undefined;
  readonly tool?: string | undefined;
  readonly reason: string;
  readonly expires?: string | undefined;
  /** `file:line:column`. */
  readonly at: string;
}

/** The results with the findings marked that the entries accept today; entries that have expired accept nothing, and are told. */
export function acceptFindings(
  audits: readonly AuditResult[],
  entries: readonly Accepting[],
  now: Date,
): readonly AuditResult[] {
  const today = now.toISOString().slice(0, 10);
  const valid = entries.filter(({ expires }) => expires === undefined || expires >= today);
  const expired = entries.filter((entry) => !valid.includes(entry));
  const met = new Set<Accepting>();
  const accepted = audits.map((audit) => {
    if (audit.status !== 'done') return audit;
    const results = audit.results.map((check) => accept(check, audit.tool, valid, met));
    const notes = expired
      .filter((entry) => audit.results.some((check) => isFinding(check) && meets(entry, check, audit.tool)))
      .map(({ at, id, expires }) => `${at}: the acceptance of ${id} ended on ${expires}: it counts again`);
    return { ...audit, results, ...(notes.length > 0 ? { notes: [...(audit.notes ?? []), ...notes] } : {}) };
  });
  return withNotes(
    accepted,
    valid
      .filter((entry) => !met.has(entry) && couldHaveMet(entry, audits))
      .map(
        ({ at, id, subject }) => `${at}: ${id}${subject ? ` on ${subject}` : ''} is not found any more: take it out`,
      ),
  );
}

function accept(check: AuditCheck, tool: string, entries: readonly Accepting[], met: Set<Accepting>): AuditCheck {
  if (!isFinding(check)) return check;
  const meeting = entries.filter((entry) => meets(entry, check, tool));
  if (meeting.length === 0) return check;
  for (const entry of meeting) met.add(entry);
  // docker-bench-security has one check for all containers: it is accepted when each of them is.
  const whole = meeting.find(({ subject }) => subject === undefined || subject === check.subject);
  const all =
    (check.items ?? []).length > 0 && (check.items ?? []).every((item) => meeting.some((entry) => names(entry, item)));
  const entry = whole ?? (all ? meeting[0] : undefined);
  if (!entry) return check;
  const reasons = whole ? [whole] : meeting;
  const reason = [...new Set(reasons.map((each) => each.reason))].join('; ');
  const ends = reasons.flatMap(({ expires }) => (expires === undefined ? [] : [expires])).sort();
  return { ...check, accepted: { reason, ...(ends[0] === undefined ? {} : { expires: ends[0] }) } };
}

/** What could count for a gate: a baseline may name also what is not scored. */
function isFinding({ result }: AuditCheck): boolean {
  return result !== 'PASS';
}

function meets(entry: Accepting, check: AuditCheck, tool: string): boolean {
  if (entry.id !== check.id || (entry.tool !== undefined && entry.tool !== tool)) return false;
  if (entry.subject === undefined || entry.subject === check.subject) return true;
  return check.subject === undefined && (check.items ?? []).some((item) => names(entry, item));
}

/** An item of docker-bench-security is a container, `web:80` (its port), or `[image:tag]`. */
function names({ subject }: Accepting, item: string): boolean {
  if (subject === undefined) return true;
  return item === subject || item.startsWith(`${subject}:`) || item === `[${subject}]`;
}

/** An entry is only idle when the tool that could find it ran to its end, and looked. */
function couldHaveMet(entry: Accepting, audits: readonly AuditResult[]): boolean {
  return audits.some(
    (audit) =>
      audit.status === 'done' &&
      audit.incomplete === undefined &&
      (entry.tool === undefined || entry.tool === audit.tool) &&
      audit.results.some(({ id }) => id === entry.id),
  );
}

function withNotes(audits: readonly AuditResult[], notes: readonly string[]): readonly AuditResult[] {
  const first = audits.find((audit): audit is AuditDone => audit.status === 'done');
  if (notes.length === 0 || !first) return audits;
  return audits.map((audit) => (audit === first ? { ...first, notes: [...(first.notes ?? []), ...notes] } : audit));
}
