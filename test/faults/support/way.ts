import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const Way = z.strictObject({
  way: z.string(),
  /** Who harden logs in as; admin has a key, and sudo without a password. */
  login: z.enum(['root', 'admin']),
  /** When the host would be lost. */
  at: z.enum(['once', 'boot']),
  /** Runs on the host before. */
  setup: z.string().optional(),
  /** The host has Docker and iptables. */
  docker: z.boolean().default(false),
  tasks: z.array(z.unknown()),
  handlers: z.unknown().optional(),
});

/** A way to lose a host: what a playbook does to it. */
export type Way = z.infer<typeof Way>;

/** The ways that a file of this directory lists. */
export function waysOf(file: string): readonly Way[] {
  return z.array(Way).parse(parse(readFileSync(join(import.meta.dirname, file), 'utf8')));
}

export function playbookOf({ tasks, handlers }: Way): string {
  return stringify({ tasks, ...(handlers === undefined ? {} : { handlers }) });
}
