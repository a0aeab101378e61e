import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import { parseParams } from './parse-params.ts';
import type { PlaybookFile } from './playbook.ts';
import { type RenderContext, renderNode } from './render-node.ts';
import type { Scope } from './template-lookup.ts';

const minScore = z.number().optional().describe('The run fails with exit code 4 below this score.');

const gate = {
  fail_on: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'The run fails with exit code 4 when one of these is found: checks or sections by their quoted numbers ("2.1", "5"), severities (high, medium, low: that and worse), or results (WARN).',
    ),
  baseline: z
    .string()
    .min(1)
    .optional()
    .describe('A file with accepted findings, each with its reason, as seen from this playbook; they fail nothing.'),
};

/** An audit that is asked for with or without conditions. */
function wanted<T extends z.ZodRawShape>(shape: T, description: string) {
  return z
    .union([z.boolean(), z.null(), z.strictObject(shape)])
    .optional()
    .describe(`${description}; true: without conditions.`);
}

/** The `audit:` map of a playbook. */
export const auditSchema = z.strictObject({
  docker_bench: wanted(
    {
      min_score: minScore,
      ...gate,
      trusted_users: z
        .array(z.string().min(1))
        .optional()
        .describe('Users who may be in the docker group (check 1.1.2).'),
    },
    'docker-bench-security after the run',
  ),
  effective: wanted(
    gate,
    'Whether what docker-bench-security reads in files holds in effect; runs with docker_bench unless this is false',
  ),
  containers: wanted(
    {
      ...gate,
      all: z.boolean().optional().describe('Also containers that do not run.'),
      allowed_registries: z
        .array(z.string().min(1))
        .optional()
        .describe('Images come from these alone: docker.io/library, registry.example.com.'),
      require_digest: z.boolean().optional().describe('An image without a digest is a finding, not a remark.'),
      max_age_days: z.int().min(1).optional().describe('Older images are a finding; 180 where it is not said.'),
    },
    'Each running container, by what docker inspect and the kernel say of it',
  ),
  inspec: z
    .strictObject({
      profile: z
        .string()
        .min(1)
        .describe('The profile: a directory or an archive (./NAME: as seen from this playbook), or a URL.'),
      ...gate,
    })
    .optional()
    .describe("An InSpec profile, run from the operator's machine with inspec or cinc-auditor."),
  lynis: wanted({ min_score: minScore, ...gate }, "Lynis on the host, from the distribution's package"),
});

/** The audit of the playbook itself, else of the first include that has one. */
export function resolveAudit(
  scopes: ReadonlyMap<PlaybookFile, Scope>,
  rendering: RenderContext,
): AuditSettings | undefined {
  const [file, scope] = [...scopes].find(([each]) => each.audit) ?? [];
  if (!file?.audit || !scope) return undefined;
  const before = rendering.problems.count;
  const rendered = renderNode(file.audit, { ...rendering, scope });
  if (rendering.problems.count > before) return undefined;
  const subject = { name: 'audit', at: file.audit.at, sensitive: false };
  const given = parseParams(auditSchema, rendered, subject, rendering.problems)?.value;
  if (!given) return undefined;
  const docker_bench = asked(given.docker_bench, file);
  const all = {
    docker_bench,
    effective: asked(given.effective ?? docker_bench !== undefined, file),
    containers: asked(given.containers, file),
    inspec: asked(given.inspec && { ...given.inspec, profile: profileAt(given.inspec.profile, file) }, file),
    lynis: asked(given.lynis, file),
  };
  const settings = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return Object.keys(settings).length > 0 ? settings : undefined;
}

/** A path that begins with a dot starts at the playbook's directory; all else is InSpec's to understand. */
function profileAt(profile: string, file: PlaybookFile): string {
  return /^\.\.?\//.test(profile) ? resolve(dirname(file.file), profile) : profile;
}

/** What one audit is asked with; undefined: it is not. Its baseline starts at the playbook's directory. */
function asked<T extends AuditGate>(value: T | boolean | null | undefined, file: PlaybookFile) {
  if (value === undefined || value === false) return undefined;
  if (value === true || value === null) return {};
  const { baseline } = value;
  if (baseline === undefined || isAbsolute(baseline)) return value;
  return { ...value, baseline: join(dirname(file.file), baseline) };
}
