import { z } from 'zod';

const words = (pattern: RegExp, message: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .pipe(z.array(z.string().regex(pattern, message)));

/** What a playbook says of a repository. */
export const AptRepository = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'a name of letters, digits, "-" and "_"')
      .describe('The name of its files: `/etc/apt/sources.list.d/NAME.sources` and `/etc/apt/keyrings/NAME.asc`.'),
    types: words(/^(deb|deb-src)$/, 'a type is deb or deb-src')
      .default(['deb'])
      .describe('`deb`, `deb-src`, or both.'),
    uris: words(
      /^(https?|mirror\+https?|file|copy|cdrom):[^\s@#]+$/,
      'write an address such as https://download.docker.com/linux/debian; a name and password belong into /etc/apt/auth.conf.d',
    )
      .optional()
      .describe('Where it is: one address or several.'),
    suites: words(/^[^\s#]+$/, 'a suite is one word')
      .optional()
      .describe('Suites, such as `{{facts.os.codename}}`; a path that ends with `/` is a flat repository.'),
    components: words(/^[^\s#]+$/, 'a component is one word')
      .optional()
      .describe('Components, such as `main`; none for a flat repository.'),
    architectures: words(/^[a-z0-9-]+$/, 'an architecture is a word such as amd64')
      .optional()
      .describe("Architectures; without it the host's own."),
    signed_by: z
      .string()
      .refine((value) => /^\/[^\s]+$/.test(value) || value.includes('-----BEGIN PGP'), {
        error: 'write the key as ASCII armour, or the path of a keyring that is on the host',
      })
      .optional()
      .describe('The key that signs it: ASCII armour, or the path of a keyring on the host.'),
    key_file: z.string().min(1).optional().describe("The key that signs it: a file on the operator's machine."),
    enabled: z.boolean().default(true).describe('Whether apt uses it.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether it is there.'),
  })
  .check((context) => {
    const p = context.value;
    const fail = (message: string): void => void context.issues.push({ code: 'custom', input: p, message });
    if (p.state === 'absent') return;
    if (p.uris === undefined || p.suites === undefined) fail('a repository needs uris and suites');
    else if (p.suites.every((suite) => suite.endsWith('/')) !== (p.components === undefined))
      fail('a suite needs components; one that ends with "/" (a flat repository) has none');
    if ((p.signed_by === undefined) === (p.key_file === undefined))
      fail('say which key signs it: signed_by or key_file, so that no other key can');
  });
export type AptRepository = z.infer<typeof AptRepository>;
