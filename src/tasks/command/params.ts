import { z } from 'zod';

const absolutePath = z.string().regex(/^\/[^\n]*$/, 'write the whole path, from "/" on');

const Parameters = z.strictObject({
  cmd: z
    .union([z.string().regex(/\S/, 'write a command'), z.array(z.string()).min(1)])
    .describe('A text that `sh` runs, or a list: the program and its arguments, without any shell.'),
  chdir: absolutePath.optional().describe('The directory that it runs in, `unless` too.'),
  creates: absolutePath.optional().describe('It has been done when this path exists.'),
  removes: absolutePath.optional().describe('It has been done when this path does not exist.'),
  unless: z
    .string()
    .regex(/\S/, 'write a command')
    .optional()
    .describe(
      'It has been done when this succeeds. Runs under `sh` whenever the state is read, plans included, so it must change nothing.',
    ),
  environment: z
    .record(z.string(), z.string())
    .refine((variables) => Object.keys(variables).every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)), {
      error: 'the name of a variable has letters, digits and "_" alone',
    })
    .default({})
    .describe('Variables for the command (not for `unless`); secrets come from `{{env "NAME"}}`.'),
  stdin: z.string().optional().describe('What the command reads on its standard input; nothing without it.'),
  timeout: z.number().int().min(1).optional().describe('End the command after this many seconds, as a failure.'),
});

/** What a playbook says of a command; a text alone is its `cmd`. */
export const Command = z
  .preprocess((value) => (typeof value === 'string' ? { cmd: value } : value), Parameters)
  .meta({ type: ['string', 'object'] });
export type Command = z.infer<typeof Command>;

/** True where something tells whether the command has been done. */
export function isGuarded(p: Command): boolean {
  return p.creates !== undefined || p.removes !== undefined || p.unless !== undefined;
}
