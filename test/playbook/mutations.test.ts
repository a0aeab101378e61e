import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { loadInventory } from '../../src/playbook/inventory.ts';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { PlaybookErrors } from '../../src/playbook/problems.ts';
import { validatePlaybook } from '../../src/playbook/resolve.ts';
import { sampleInventory } from './sample-inventory.ts';
import { registry } from './support.ts';

const playbook = `# a comment
name: Docker host on {{facts.hostname}}
vars: &vars
  admin: bob
  groups: [sudo, adm]
  home: "/home/{{admin}}"
tasks:
  - name: Create {{admin}}
    user: { name: "{{admin}}", shell: "{{home}}/sh", groups: "{{groups}}", uid: 12 }
    tags: [accounts, ssh]
    when: { facts.os.id: [debian, ubuntu], admin: bob }
    notify: reload
  - file:
      path: /etc/motd
      mode: "0644"
      content: |
        {{#each groups as |g|}}
        - {{g}} {{@index}} {{default nope "x"}}
        {{/each}}
  - user: { <<: *user, state: absent }
    each: ["{{admin}}", b]
    unless: { item: b }
  - flag:
handlers:
  reload: { check: nginx -t, run: "echo {{admin}}" }
audit: { docker_bench: { min_score: 40, fail_on: ["2.1"] } }
`.replace('user: { name: "{{admin}}"', 'user: &user { name: "{{admin}}"');

/** A text with a few slips: something taken out, put in, or moved. */
function slipped(text: string): fc.Arbitrary<string> {
  const signs = [
    '{',
    '}',
    '{{',
    '}}',
    '"',
    "'",
    ':',
    ': ',
    '-',
    '- ',
    '\n',
    ' ',
    '  ',
    '\t',
    '&',
    '*',
    '!',
    '|',
    '[',
    ']',
    ',',
    '#',
    '~',
    '0644',
    '<<: ',
    'x',
    '\0',
    '\ufeff',
    '%',
  ];
  const slip = fc.record({
    at: fc.nat({ max: text.length - 1 }),
    removed: fc.oneof(fc.constant(0), fc.nat({ max: 12 })),
    added: fc.oneof(fc.constant(''), fc.constantFrom(...signs), fc.string({ maxLength: 3 })),
  });
  return fc
    .array(slip, { minLength: 1, maxLength: 3 })
    .map((slips) =>
      slips.reduce((now, { at, removed, added }) => now.slice(0, at) + added + now.slice(at + removed), text),
    );
}

async function checkSlips(text: string, work: (file: string) => Promise<unknown>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'harden-slips-'));
  const file = join(folder, 'file.yml');
  let refused = 0;
  try {
    await fc.assert(
      fc.asyncProperty(slipped(text), async (changed) => {
        await writeFile(file, changed);
        const error = await work(file).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error === undefined) return;
        refused += 1;
        expect(error).toBeInstanceOf(UserError);
        const errors = error instanceof PlaybookErrors ? error.errors : [error as UserError];
        for (const { at, message } of errors) {
          if (!at) expect(message).toMatch(/is not a text file|UTF-16/);
          else {
            expect(at.file).toBe(file);
            expect(at.line).toBeGreaterThan(0);
            expect(at.line).toBeLessThanOrEqual(changed.split(/\r\n?|\n/).length);
            expect(at.column).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 600 },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
  return refused;
}

test('a playbook with slips is valid, or refused with places in it; never a crash', async () => {
  const refused = await checkSlips(playbook, async (file) => {
    validatePlaybook(await loadPlaybook(file, registry), { vars: {}, env: {}, home: '/nowhere' });
  });
  expect(refused).toBeGreaterThan(100);
});

test('an inventory with slips is valid, or refused with places in it; never a crash', async () => {
  expect(await checkSlips(sampleInventory, loadInventory)).toBeGreaterThan(100);
});
