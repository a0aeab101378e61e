import type { Finding } from '../../engine/task.ts';

/** A finding that keeps apply from starting. `because`: what it rests on, where its words do not name it. */
export function refusal(message: string, hint?: string, because?: readonly string[]): Finding {
  return { level: 'refuse', message, hint, because };
}

/** A finding that a person should know of. */
export function warning(message: string, hint?: string): Finding {
  return { level: 'warn', message, hint };
}

/** The finding as one that nothing takes away which an earlier task does to the host. */
export function lasting(finding: Finding): Finding {
  return { ...finding, because: [] };
}
