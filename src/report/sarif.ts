import { createHash } from 'node:crypto';
import { type AuditCheck, findingKey, type Severity } from '../audit/result.ts';
import { version } from '../version.ts';
import { type Audited, isDone } from './audited.ts';

/** What code scanners make of a severity; CVSS-like, as their dashboards sort by it. */
const SCORE: Readonly<Record<Severity, string>> = { high: '8.0', medium: '5.5', low: '3.0', info: '1.0' };

/** A run's audits as SARIF 2.1.0: a run for each tool over all hosts, with what passed and what was not checked beside the findings. */
export function sarifReport(all: readonly Audited[], now: Date): object {
  const named = [...new Set(all.flatMap(({ audits }) => audits.map(({ tool }) => tool)))];
  const lost = all.some(({ error }) => error !== undefined);
  const tools = lost && !named.some(asksHosts) ? [...named, 'harden'] : named;
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: tools.map((tool) => runOf(tool, all, now)),
  };
}

/** Tools of files have lost nothing with a host. */
function asksHosts(tool: string): boolean {
  return tool !== 'compose' && tool !== 'dockerfile';
}

function runOf(tool: string, all: readonly Audited[], now: Date): object {
  const rules = new Map<string, object>();
  const results: object[] = [];
  const notifications: object[] = [];
  for (const { name, audits, error } of all) {
    // What a host did not answer is neither found nor mended: the run is not whole without it.
    if (error !== undefined && asksHosts(tool))
      notifications.push({ level: 'error', message: { text: `${name}: ${error}` } });
    for (const audit of audits) {
      if (audit.tool !== tool) continue;
      if (!isDone(audit)) {
        notifications.push({ level: 'error', message: { text: `${name}: not run: ${audit.reason}` } });
        continue;
      }
      if (audit.incomplete) notifications.push({ level: 'warning', message: { text: `${name}: ${audit.incomplete}` } });
      for (const check of audit.results) {
        if (!rules.has(check.id)) rules.set(check.id, rule(check));
        results.push(result(name, tool, check));
      }
    }
  }
  return {
    tool: { driver: { name: tool, semanticVersion: version, rules: [...rules.values()] } },
    automationDetails: { id: `harden/${tool}/` },
    invocations: [
      {
        executionSuccessful: !notifications.some((each) => (each as { level: string }).level === 'error'),
        endTimeUtc: now.toISOString(),
        ...(notifications.length > 0 ? { toolExecutionNotifications: notifications } : {}),
      },
    ],
    results,
  };
}

function rule({ id, title, severity, remediation, related = [] }: AuditCheck): object {
  return {
    id,
    shortDescription: { text: title || id },
    ...(remediation ? { help: { text: remediation } } : {}),
    properties: {
      'security-severity': SCORE[severity],
      tags: ['security', ...related.map((bench) => `docker-bench-${bench}`)],
    },
  };
}

function result(host: string, tool: string, check: AuditCheck): object {
  const text = [check.title || check.id, check.details, ...(check.items ?? [])].filter(Boolean).join('\n');
  return {
    ruleId: check.id,
    ...verdict(check),
    message: { text },
    locations: [location(host, check)],
    partialFingerprints: {
      'harden/v1': createHash('sha256')
        .update(`${host}\0${tool}\0${findingKey(check)}`)
        .digest('hex'),
    },
    ...(check.accepted ? { suppressions: [{ kind: 'external', justification: check.accepted.reason }] } : {}),
  };
}

/** `level` is for failures alone; all else has a kind that says what it is. */
function verdict({ result: said, severity }: AuditCheck): { kind: string; level: string } {
  switch (said) {
    case 'WARN':
      return { kind: 'fail', level: severity === 'high' ? 'error' : severity === 'medium' ? 'warning' : 'note' };
    case 'PASS':
      return { kind: 'pass', level: 'none' };
    case 'SKIP':
      return { kind: 'open', level: 'none' };
    default:
      return { kind: 'informational', level: 'none' };
  }
}

function location(host: string, { at, subject, field }: AuditCheck): object {
  const place = at === undefined ? undefined : /^(.*):(\d+):(\d+)$/.exec(at);
  const name = [host, subject, field].filter((part) => part !== undefined).join(' ');
  return {
    ...(place
      ? {
          physicalLocation: {
            artifactLocation: { uri: encodeURI(place[1] ?? '') },
            region: { startLine: Number(place[2]), startColumn: Number(place[3]) },
          },
        }
      : {}),
    logicalLocations: [{ name: subject ?? host, fullyQualifiedName: name, kind: 'resource' }],
  };
}
