import { z } from 'zod';
import type { AuditSettings } from '../engine/resolved-task.ts';
import { parseParams } from './parse-params.ts';
import type { PlaybookFile } from './playbook.ts';
import { type RenderContext, renderNode } from './render-node.ts';
import type { Scope } from './template-lookup.ts';

/** The `audit:` map of a playbook. */
export const auditSchema = z.strictObject({
  docker_bench: z
    .union([
      z.boolean(),
      z.null(),
      z.strictObject({
        min_score: z
          .number()
          .optional()
          .describe('The run fails with exit code 4 below this score of docker-bench-security.'),
        fail_on: z
          .array(z.string().regex(/^\d+(\.\d+)*$/))
          .optional()
          .describe(
            'Checks that must not warn, by their quoted numbers: "2.1". The run fails with exit code 4 when one does.',
          ),
        trusted_users: z
          .array(z.string().min(1))
          .optional()
          .describe('Users who may be in the docker group (check 1.1.2).'),
      }),
    ])
    .optional()
    .describe('docker-bench-security after the run; true: without conditions.'),
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
  const bench = parseParams(auditSchema, rendered, subject, rendering.problems)?.value.docker_bench;
  if (bench === undefined || bench === false) return undefined;
  return { docker_bench: bench === true || bench === null ? {} : bench };
}
