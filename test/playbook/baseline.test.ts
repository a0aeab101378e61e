import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { loadBaseline } from '../../src/playbook/baseline.ts';

const words = { ids: ['2.1', '2.9', '2.10', '5.14', 'privileged'], tools: ['containers', 'lynis'], open: ['lynis'] };

async function load(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'harden-baseline-'));
  const file = join(folder, 'base.yml');
  await writeFile(file, text);
  try {
    return await loadBaseline(file, words);
  } catch (error) {
    if (error instanceof UserError) return error.paragraph.replaceAll(`${folder}/`, '');
    throw error;
  }
}

test('accepted findings', async () => {
  const entries = await load(`
- id: 2.10
  reason: a number without quotes is the id as it is written
- { id: "5.14", subject: web, reason: public, expires: 2027-01-31 }
- { id: SSH-7408, tool: lynis, reason: its ids are its own }
`);
  expect(entries).toMatchObject([
    { id: '2.10', at: { line: 2, column: 3 } },
    { id: '5.14', subject: 'web', reason: 'public', expires: '2027-01-31', at: { line: 4, column: 3 } },
    { id: 'SSH-7408', tool: 'lynis' },
  ]);
});

test.each(['', '# nothing yet\n', '[]'])('nothing is accepted: %j', async (text) => {
  expect(await load(text)).toEqual([]);
});

test.each([
  ['- { id: "2.99", reason: x }', 'base.yml:1:9: There is no check `2.99`. Did you mean `2.9`?'],
  ['- { id: priviliged, reason: x }', 'base.yml:1:9: There is no check `priviliged`. Did you mean `privileged`?'],
  [
    '- { id: KRNL-6000, reason: x }',
    'base.yml:1:9: There is no check `KRNL-6000`. For a check of lynis, add tool: lynis.',
  ],
  [
    '- { id: "2.9" }',
    'base.yml:1:3: An accepted finding needs `reason`. Say why it is accepted: whoever reads it next must know.',
  ],
  ['- { id: "2.9", reason: }', 'base.yml:1:24: `reason` must be text, and this is nothing.'],
  [
    '- { id: "2.9", reason: x, expires: 2027-02-30 }',
    'base.yml:1:36: `expires` is no date: 2027-02-30. Write the last day, as in 2027-01-31.',
  ],
  [
    '- { id: "2.9", reason: x, until: 2027-02-01 }',
    'base.yml:1:27: An accepted finding has no key `until`. Write `expires`.',
  ],
  ['- { id: "2.9", reason: x, tool: lyniz }', 'base.yml:1:33: There is no tool `lyniz`. Did you mean `lynis`?'],
  [
    '- "2.9"',
    'base.yml:1:3: An accepted finding must be a map, and this is text. Write a list: - { id: "2.9", reason: why it is accepted, expires: 2027-01-31 }.',
  ],
  [
    'accept: []',
    'base.yml:1:1: A baseline must be a list, and this is a map. Write a list: - { id: "2.9", reason: why it is accepted, expires: 2027-01-31 }.',
  ],
])('%s', async (text, message) => {
  expect(await load(text)).toBe(message);
});
