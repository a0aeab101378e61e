import type { Instruction } from 'dockerfile-ast';
import type { AuditCheck, Severity } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { BASE_RULES } from './base-rules.ts';
import { BUILD_RULES } from './build-rules.ts';
import { IMAGE_RULES } from './image-rules.ts';
import { type ParsedDockerfile, placeOf } from './parse.ts';

/** One question that is asked of a Dockerfile. */
export interface DockerfileRule {
  readonly id: string;
  /** What should be done, as an order. */
  readonly title: string;
  readonly section: 'Base image' | 'Build' | 'Image';
  readonly severity: Severity;
  /** The instruction that it is about. */
  readonly field: string;
  /** Checks of docker-bench-security that ask the same. */
  readonly related?: readonly string[];
  readonly remediation: string;
  /** The places where it is not so; undefined: nobody asks. */
  find(dockerfile: ParsedDockerfile, settings: RuleSettings): readonly Place[] | undefined;
}

/** A place in a Dockerfile where something is wrong. */
export interface Place {
  readonly instruction: Instruction;
  readonly details: string;
  /** The instruction without what may be secret; undefined: it is about the file as a whole. */
  readonly subject?: string;
  readonly result?: 'INFO' | 'SKIP';
  readonly severity?: Severity;
  /** A line that is written instead. */
  readonly fix?: string;
}

export const DOCKERFILE_RULES: readonly DockerfileRule[] = [...BASE_RULES, ...BUILD_RULES, ...IMAGE_RULES];

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
