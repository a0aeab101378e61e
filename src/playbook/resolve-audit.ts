import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import { parseParams } from './parse-params.ts';
import type { PlaybookFile } from './playbook.ts';
import type { Registry } from './registry.ts';
import { type RenderContext, renderNode } from './render-node.ts';
import type { Scope } from './template-lookup.ts';

type Audits = Registry['audits'];
type Given = Readonly<Record<string, AuditGate | boolean | null | undefined>>;

/** The `audit:` map of a playbook. */
export function auditSchema(audits: Audits): z.ZodType<Given> {
  const keys = audits.map(({ name, settings, summary, needsSettings }) => [
    name,
    needsSettings
      ? settings.optional().describe(`${summary}.`)
      : z.union([z.boolean(), z.null(), settings]).optional().describe(`${summary}; true: without conditions.`),
  ]);
  return z.strictObject(Object.fromEntries(keys)) as z.ZodType<Given>;
}

/** The audit of the playbook itself, else of the first include that has one. */
export function resolveAudit(
  scopes: ReadonlyMap<PlaybookFile, Scope>,
  audits: Audits,
  rendering: RenderContext,
): AuditSettings | undefined {
  const [file, scope] = [...scopes].find(([each]) => each.audit) ?? [];
  if (!file?.audit || !scope) return undefined;
  const before = rendering.problems.count;
  const rendered = renderNode(file.audit, { ...rendering, scope });
  if (rendering.problems.count > before) return undefined;
  const subject = { name: 'audit', at: file.audit.at, sensitive: false };
  const given = parseParams(auditSchema(audits), rendered, subject, rendering.problems)?.value;
  if (!given) return undefined;
  const folder = dirname(file.file);
  const settings: Record<string, AuditGate & Readonly<Record<string, unknown>>> = {};
  for (const { name, beside, settle } of audits) {
    // A key without a value asks for the audit; one that is missing goes with the audit that it runs beside.
    const said = given[name] === undefined ? beside !== undefined && settings[beside] !== undefined : given[name];
    const own = asked(said, folder);
    if (own) settings[name] = { ...(settle ? settle(own, folder) : own) };
  }
  return Object.keys(settings).length > 0 ? settings : undefined;
}

/** What one audit is asked with; undefined: it is not. Its baseline starts at the playbook's folder. */
function asked(value: AuditGate | boolean | null | undefined, folder: string): AuditGate | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true || value === null) return {};
  const { baseline } = value;
  if (baseline === undefined || isAbsolute(baseline)) return value;
  return { ...value, baseline: join(folder, baseline) };
}
