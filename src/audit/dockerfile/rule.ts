import type { Instruction } from 'dockerfile-ast';
import type { Severity } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import type { ParsedDockerfile } from './parse.ts';

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
