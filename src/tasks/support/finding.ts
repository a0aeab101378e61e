import type { Finding } from '../../engine/task.ts';

/** A finding that keeps apply from starting. */
export function refusal(message: string, hint?: string): Finding {
  return { level: 'refuse', message, hint };
}

/** A finding that a person should know of. */
export function warning(message: string, hint?: string): Finding {
  return { level: 'warn', message, hint };
}
