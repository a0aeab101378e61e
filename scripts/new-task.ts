import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { registerType } from './register-type.ts';

const REGISTRY = 'src/tasks/index.ts';

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || rest.length > 0 || !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
  process.stderr.write(
    'usage: npm run new-task -- NAME    (snake_case, as a playbook will write it: docker_network)\n',
  );
  process.exit(64);
}

const file = name.replaceAll('_', '-');
const there = [`src/tasks/${file}.ts`, `src/tasks/${file}/index.ts`].find((path) => existsSync(path));
if (there !== undefined) {
  process.stderr.write(`There is a task type ${name} already: ${there}\n`);
  process.exit(64);
}
const constant = `${name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())}Task`;

const source = `import { z } from 'zod';
import { defineTask } from '../engine/task.ts';
import { sh } from '../remote/sh.ts';
import { transformFile } from './support/replace-file.ts';

const Params = z.strictObject({
  path: z.string().startsWith('/').describe('The file whose first line is spoken of.'),
  line: z.string().regex(/^[^\\n\\0]*$/, 'one line holds no newline').describe('What the first line is.'),
});
type Params = z.infer<typeof Params>;

type FirstLine = { readonly line: string } | null;

/** The first line of a file: a whole type, to be made into another one. */
export const ${constant} = defineTask<Params, FirstLine>({
  type: '${name}',
  summary: 'The first line of a file.',
  notes: 'Reads the first line.',
  params: Params,
  examples: [{ path: '/etc/motd', line: 'Welcome' }],
  id: (p) => p.path,
  probe: (p) => sh\`[ ! -e \${p.path} ] || head -n 1 -- \${p.path}\`,
  read: (output) => (output === '' ? null : { line: output.replace(/\\n$/, '') }),
  want: (p) => ({ line: p.line }),
  apply: (_change, p) =>
    transformFile({ path: p.path, produce: sh\`printf '%s\\n' \${p.line}; tail -n +2 -- "$old"\` }),
  keeps: (p) => [p.path],
  provides: (p) => [\`path:\${p.path}\`],
});
`;

const test = `import { ${constant} } from '../../src/tasks/${file}.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

describeTask(${constant}, [
  {
    name: 'makes the file',
    params: { path: '/etc/motd', line: 'Welcome' },
    given: '',
    expect: { before: null, action: 'create', keys: ['line'], script: ['Welcome'] },
  },
  {
    name: 'replaces another line',
    params: { path: '/etc/motd', line: 'Welcome' },
    given: 'Hello\\n',
    expect: { before: { line: 'Hello' }, action: 'update', keys: ['line'], keeps: ['/etc/motd'] },
  },
  {
    name: 'is content with what is there',
    params: { path: '/etc/motd', line: 'Welcome' },
    given: 'Welcome\\n',
    expect: { action: 'none' },
  },
]);

describeInvalid(${constant}, [
  { name: 'two lines', params: { path: '/etc/motd', line: 'a\\nb' }, message: 'one line holds no newline' },
]);
`;

writeFileSync(`src/tasks/${file}.ts`, source, { flag: 'wx' });
writeFileSync(`test/tasks/${file}.test.ts`, test, { flag: 'wx' });
writeFileSync(REGISTRY, registerType(readFileSync(REGISTRY, 'utf8'), file, constant));
execFileSync('biome', [
  'format',
  '--write',
  '--vcs-enabled=false',
  '--log-level=error',
  `src/tasks/${file}.ts`,
  `test/tasks/${file}.test.ts`,
]);
process.stdout.write(`src/tasks/${file}.ts         a whole type that works; docs/writing-a-task.md tells how to make it yours
test/tasks/${file}.test.ts   its cases: npx vitest run test/tasks/${file}.test.ts
${REGISTRY}            knows it; npm run generate puts it into the schema and the reference
`);
