import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { validatePlaybook } from '../../src/playbook/resolve.ts';
import { loadVarsFile } from '../../src/playbook/vars.ts';
import { registry } from '../../src/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'budget-'));
const task = (content: string) => `tasks:\n  - copy: { dest: /x, content: '${content}' }\n`;
const thousand = `[${Array.from({ length: 1000 }, () => 'x').join(', ')}]`;
const doubled = (part: (name: string) => string) =>
  Array.from({ length: 40 }, (_, at) => `  a${at + 1}: ${part(`{{a${at}}}`)}\n`).join('');
const each = (inner: string) => `{{#each @root.l}}${inner}{{/each}}`;

async function said(text: string): Promise<string> {
  const file = join(folder, 'p.yml');
  writeFileSync(file, text);
  try {
    validatePlaybook(await loadPlaybook(file, registry), { vars: {}, env: {}, home: folder });
    return 'valid';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.paragraph;
  }
}

test.each<[string, string, RegExp]>([
  ['loops in loops', `vars: { l: ${thousand} }\n${task(each(each(each('x'))))}`, /3:.* make more than 5,000,000 steps/],
  ['loops that print nothing', `vars: { l: ${thousand} }\n${task(each(each(each(''))))}`, /more than 5,000,000 steps/],
  [
    'texts that double',
    `vars:\n  a0: xxxxx\n${doubled((a) => `"${a}${a}"`)}${task('{{a40}}')}`,
    /16 million characters/,
  ],
  [
    'lists that double',
    `vars:\n  a0: [x]\n${doubled((a) => `["${a}", "${a}"]`)}${task('{{json a40}}')}`,
    /2,000,000 parts/,
  ],
  [
    'maps that double',
    `vars:\n  a0: { x: 1 }\n${doubled((a) => `{ p: "${a}", q: "${a}" }`)}${task('{{json a40}}')}`,
    /2,000,000 parts/,
  ],
  [
    'a chain of variables',
    `vars:\n  a0: x\n${Array.from({ length: 5000 }, (_, at) => `  a${at + 1}: "{{a${at}}}"\n`).join('')}${task('{{a5000}}')}`,
    /100 deep/,
  ],
  ['brackets in brackets', `tasks: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, /far too deep/],
  ['dashes behind dashes', `tasks:\n  ${'- '.repeat(20_000)}x\n`, /far too deep/],
  ['a hundred and fifty brackets', `vars: { a: ${'['.repeat(150)}${']'.repeat(150)} }\n${task('')}`, /100 deep/],
  ['blocks in blocks', task(`${'{{#if true}}'.repeat(5000)}x${'{{/if}}'.repeat(5000)}`), /100 deep/],
  ['calls in calls', task(`{{quote ${'(quote '.repeat(5000)}"a"${')'.repeat(5000)}}}`), /100 deep/],
  ['a device as src', 'tasks:\n  - copy: { dest: /x, src: /dev/zero }\n', /holds more than 64 MiB\. It is a device/],
  ['a device in {{file}}', task('{{file "/dev/zero"}}'), /holds more than 64 MiB/],
])('%s end in one clear error, in bounded time', async (_name, text, expected) => {
  expect(await said(text)).toMatch(expected);
});

test('files that include each other twice and twice again end in an error', async () => {
  writeFileSync(join(folder, 'i0.yml'), 'tasks:\n  - command: { cmd: x }\n');
  for (let at = 0; at < 40; at++)
    writeFileSync(join(folder, `i${at + 1}.yml`), `tasks:\n  - include: i${at}.yml\n  - include: i${at}.yml\n`);
  expect(await said(`tasks:\n  - include: i40.yml\n`)).toMatch(/more than 250,000 tasks/);
});

test('a pipe as src is refused, and one as a variables file is waited for as long as it says something', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(await said(`tasks:\n  - copy: { dest: /x, src: ${pipe} }\n`)).toMatch(/is a pipe/);
  await expect(loadVarsFile('/dev/zero')).rejects.toThrow('holds more than 32 MiB');
});
