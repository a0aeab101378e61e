import { z } from 'zod';
import type { Ulimit } from '../support/docker/ulimits.ts';
import { Text } from '../support/docker/words.ts';

const Directory = z
  .string()
  .regex(/^\/[^\0\n:]*[^\0\n:/]$/, { error: 'a directory of the host is written from /, without a slash at its end' });

const Service = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, { error: 'not the name of a service' });

/** What a playbook says of a compose project. */
export const DockerCompose = z
  .strictObject({
    project_src: Directory.describe(
      'The directory of the project on the host; relative paths in the file start there. With definition and src it is made if it is not there.',
    ),
    project_name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]*$/, {
        error: 'the name of a project is small letters, digits, `_` and `-`, and begins with a letter or a digit',
      })
      .optional()
      .describe('What its containers, networks and volumes are named after; by default the last part of project_src.'),
    definition: z
      .looseObject({ services: z.record(Service, z.unknown()).describe('The services, by name, as compose has them.') })
      .optional()
      .describe('The compose file itself, as a map; written to `compose.yaml` in project_src.'),
    src: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The operator's compose file, written to `compose.yaml` in project_src; a relative path starts at the playbook's folder.",
      ),
    files: z
      .array(z.string().regex(/^[^\0\n]+$/))
      .min(1)
      .optional()
      .describe(
        'Files that are on the host already, in project_src; without any, definition and src: the one that compose finds there.',
      ),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'not the name of a variable' }), Text)
      .default({})
      .describe(
        'What `${NAME}` in the file stands for. Values are secrets: never shown, and in no argument of a program.',
      ),
    profiles: z.array(Service).default([]).describe('Profiles whose services belong to it as well.'),
    jobs: z
      .array(Service)
      .default([])
      .describe('Services that end by themselves: they hold once they have ended with status 0.'),
    pull: z
      .enum(['missing', 'always'])
      .default('missing')
      .describe(
        '`always` asks the registries at each plan; containers whose tag stands for another image by now are made anew of it.',
      ),
    remove_orphans: z
      .boolean()
      .default(false)
      .describe('True: containers of the project that the file does not name any more are removed.'),
    remove_volumes: z.boolean().default(false).describe('With absent: the named volumes of the project as well.'),
    healthy_wait_timeout: z
      .int()
      .positive()
      .default(60)
      .describe('Seconds in which all must run and be healthy; else the file and the images before are put back.'),
    state: z
      .enum(['present', 'stopped', 'absent'])
      .default('present')
      .describe('`present`: all services run; `absent`: containers and networks are removed, the directory stays.'),
  })
  .refine((p) => [p.definition, p.src, p.files].filter((one) => one !== undefined).length <= 1, {
    error: 'write one of definition, src and files',
    path: ['files'],
  })
  .refine((p) => p.pull === 'missing' || p.definition !== undefined || p.src !== undefined, {
    error: 'pull: always takes definition or src: the images of a file that only the host knows cannot be asked for',
    path: ['pull'],
  })
  .refine((p) => p.project_name !== undefined || /^[a-z0-9][a-z0-9_-]*$/i.test(p.project_src.split('/').at(-1) ?? ''), {
    error: 'say project_name: the last part of project_src is none',
    path: ['project_name'],
  });
export type DockerCompose = z.infer<typeof DockerCompose> & {
  /** The text of the compose file, where the playbook brings it. */
  readonly text?: string | undefined;
  /** The images that it names, those with variables left out. */
  readonly images?: readonly string[] | undefined;
  /** The limits that its services ask for, those with variables left out. */
  readonly ulimits?: readonly (Ulimit & { readonly service: string })[] | undefined;
};

/** The name of a project. */
export function projectName(p: DockerCompose): string {
  return p.project_name ?? (p.project_src.split('/').at(-1) ?? '').toLowerCase();
}

/** Where the file that the playbook brings is written. */
export function composeFile(p: DockerCompose): string {
  return `${p.project_src}/compose.yaml`;
}
