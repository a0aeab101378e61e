import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { hostAudits } from '../../src/audit/index.ts';
import type { ResolvedPlaybook, ResolvedTask } from '../../src/engine/resolved-task.ts';
import { type AnyTaskType, defineTask } from '../../src/engine/task.ts';
import { UserError } from '../../src/errors.ts';
import { loadPlaybook } from '../../src/playbook/load.ts';
import type { Registry } from '../../src/playbook/registry.ts';
import { type ResolveContext, resolvePlaybook } from '../../src/playbook/resolve.ts';
import { debian12Facts } from '../support/facts.ts';

const inert = { probe: () => '', read: () => null, want: () => null, apply: () => '' };

const userType = defineTask({
  ...inert,
  type: 'user',
  summary: 'An account.',
  params: z.strictObject({
    name: z.string().min(1).max(12).describe('Its name.'),
    uid: z.int().min(1).optional().describe('Its number.'),
    shell: z.string().regex(/^\//).optional().describe('Its shell.'),
    groups: z.array(z.string()).min(1).optional().describe('Its groups.'),
    create_home: z.boolean().optional().describe('Whether it has a home.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether it is there.'),
    password_hash: z.string().regex(/^\$/).optional().describe('Its crypt hash.'),
    expires: z
      .union([z.int(), z.literal('never')])
      .optional()
      .describe('When it ends.'),
    limits: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .optional()
      .describe('Its limits.'),
    aliases: z
      .union([z.string(), z.array(z.string())])
      .transform((aliases) => (typeof aliases === 'string' ? [aliases] : aliases))
      .pipe(z.array(z.string().regex(/^[a-z]+$/, 'is no alias')))
      .optional()
      .describe('Further names.'),
    keys: z
      .array(
        z.strictObject({ key: z.string().describe('The key.'), from: z.ipv4().optional().describe('Its origin.') }),
      )
      .optional()
      .describe('Its keys.'),
  }),
  examples: [{ name: 'admin', groups: ['sudo'] }],
  id: ({ name }) => name,
  provides: ({ name }) => [`user:${name}`],
  secrets: ({ password_hash }) => (password_hash ? [password_hash] : []),
});

interface FileParams {
  readonly path: string;
  readonly mode?: string | undefined;
  readonly content?: string | undefined;
  readonly src?: string | undefined;
  readonly template?: string | undefined;
  readonly owner?: string | undefined;
}

const fileType = defineTask<FileParams, null>({
  ...inert,
  type: 'file',
  summary: 'A file.',
  notes: 'Read with stat.',
  params: z
    .strictObject({
      path: z.string().startsWith('/').describe('Where it is.'),
      mode: z
        .string()
        .regex(/^0?[0-7]{3,4}$/, 'must be an octal mode such as "0644"')
        .optional()
        .describe('Its mode.'),
      content: z.string().optional().describe('What it holds.'),
      src: z.string().optional().describe('The local file that it is.'),
      template: z.string().optional().describe('The local template that it is.'),
      owner: z.string().optional().describe('Whose it is.'),
    })
    .refine(({ src, content }) => src === undefined || content === undefined, 'write one of src and content'),
  examples: [{ path: '/etc/motd', content: 'hello', mode: '0644' }],
  id: ({ path }) => path,
  load: (params, local) => {
    if (params.src !== undefined) return { ...params, content: local.read(params.src).toString('utf8') };
    if (params.template === undefined) return params;
    return { ...params, content: local.render(local.read(params.template).toString('utf8'), params.template) };
  },
  needs: ({ path, owner }) => [
    ...(owner ? [`user:${owner}` as const] : []),
    ...(path.startsWith('/deep/') ? [] : [`path:${path.slice(0, path.lastIndexOf('/'))}` as const]),
  ],
  provides: ({ path }) => [`path:${path}`],
});

const flagType = defineTask({
  ...inert,
  type: 'flag',
  summary: 'A switch without parameters that it needs.',
  params: z.strictObject({
    on: z.boolean().default(true).describe('Whether it is on.'),
    at: z.string().default('/etc/flags').describe('Where it is kept.'),
  }),
  examples: [{}],
  id: () => 'flag',
  needs: ({ at }) => [`path:${at}` as const],
});

const types: readonly AnyTaskType[] = [userType, fileType, flagType];

export const registry: Registry = { types, get: (name) => types.find(({ type }) => type === name), audits: hostAudits };

/** A fresh folder with these files, removed when the test ends. */
export async function folderWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'harden-playbook-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

export type Files = string | Buffer | Readonly<Record<string, string | Buffer>>;

export interface Loaded extends ResolvedPlaybook {
  readonly folder: string;
}

/** Loads and resolves `playbook.yml` of these files (or with this text) for a Debian 12 host. */
export async function resolveText(files: Files, context: Partial<ResolveContext> = {}): Promise<Loaded> {
  const folder = await folderWith(
    typeof files === 'string' || Buffer.isBuffer(files) ? { 'playbook.yml': files } : files,
  );
  const playbook = await loadPlaybook(join(folder, 'playbook.yml'), registry);
  const around = { facts: debian12Facts, vars: {}, env: {}, home: join(folder, 'home'), ...context };
  return { ...resolvePlaybook(playbook, around), folder };
}

/** The paragraphs that a person reads, one a line, the test's folder left out; fails when nothing is thrown. */
export async function paragraphs(work: () => Promise<unknown>): Promise<string[]> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.paragraph.replaceAll(new RegExp(`${tmpdir()}/harden-playbook-[^/ ]+/?`, 'g'), '').split('\n');
  }
  throw new Error('it was accepted');
}

/** `type id` of the tasks that are not skipped. */
export function ids(tasks: readonly ResolvedTask[]): string[] {
  return tasks.filter(({ skipped }) => skipped === undefined).map(({ type, id }) => `${type.type} ${id}`);
}
