import type { AuditCheck } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { BASE_RULES } from './base-rules.ts';
import { BUILD_RULES } from './build-rules.ts';
import { IMAGE_RULES } from './image-rules.ts';
import { type ParsedDockerfile, placeOf } from './parse.ts';
import type { DockerfileRule, Place } from './rule.ts';
import { SECRET_RULES } from './secret-rules.ts';

export const DOCKERFILE_RULES: readonly DockerfileRule[] = [
  ...BASE_RULES,
  ...BUILD_RULES,
  ...SECRET_RULES,
  ...IMAGE_RULES,
];

/** Each rule's findings with their place, or that it holds. */
export function judgeDockerfile(dockerfile: ParsedDockerfile, settings: RuleSettings): readonly AuditCheck[] {
  return DOCKERFILE_RULES.flatMap((rule) => {
    const places = rule.find(dockerfile, settings);
    if (places === undefined) return [];
    if (places.length > 0) return places.map((place) => toCheck(rule, place, dockerfile.file));
    const { id, title, section, related } = rule;
    return [
      { id, title, result: 'PASS' as const, severity: 'info' as const, section, ...(related ? { related } : {}) },
    ];
  });
}

function toCheck(rule: DockerfileRule, place: Place, file: string): AuditCheck {
  const result = place.result ?? 'WARN';
  return {
    id: rule.id,
    title: rule.title,
    result,
    severity: result === 'WARN' ? (place.severity ?? rule.severity) : 'info',
    section: rule.section,
    ...(place.subject === undefined ? {} : { subject: place.subject }),
    field: rule.field,
    at: placeOf(file, place.instruction),
    details: place.details,
    remediation: rule.remediation,
    ...(place.fix ? { fix: [{ kind: 'dockerfile', line: place.fix } as const] } : {}),
    ...(rule.related ? { related: rule.related } : {}),
  };
}
