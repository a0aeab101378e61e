import { readdirSync, readFileSync } from 'node:fs';
import { registry } from '../src/tasks/index.ts';
import { circles, importsOfAll, sourceFiles } from './imports.ts';

/** How the house is furnished, as figures, and the bounds that they may not pass. */
const TASKS = 'src/tasks';
const LONGEST = 300;

const files = sourceFiles('src');
const lines = new Map(files.map((file) => [file, readFileSync(file, 'utf8').split('\n').length - 1]));
const houses = readdirSync(TASKS, { withFileTypes: true })
  .filter(({ name }) => name !== 'support' && name !== 'index.ts')
  .map((entry) => (entry.isDirectory() ? `${TASKS}/${entry.name}/` : `${TASKS}/${entry.name}`));
const long = files.filter((file) => count(file) > LONGEST);
const rings = circles(importsOfAll(files));
const lonely = membersOfTheContract().filter((member) => registry.types.filter((type) => member in type).length === 1);

/** `bound`: the most that is allowed; to be lowered when a figure falls. */
const figures: readonly {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly which?: readonly string[];
}[] = [
  {
    name: 'files in src/tasks/support',
    value: files.filter((file) => file.startsWith(`${TASKS}/support/`)).length,
    bound: 44,
  },
  {
    name: 'import circles in src, type-only imports included',
    value: rings.length,
    bound: 0,
    which: rings.map((ring) => ring.join(' ~ ')),
  },
  { name: `files in src of more than ${LONGEST} lines`, value: long.length, bound: 4, which: long },
  {
    name: 'median lines of a task type, its own file',
    value: median(houses.map((house) => count(house.endsWith('/') ? `${house}index.ts` : house))),
    bound: 140,
  },
  { name: 'median lines of a task type, with its private files', value: median(houses.map(whole)), bound: 240 },
  { name: 'members of the contract that one type alone has', value: lonely.length, bound: 6, which: lonely },
];

for (const { name, value, bound, which = [] } of figures) {
  process.stdout.write(
    `${String(value).padStart(4)}  ${name} (at most ${bound})${value > bound ? '  TOO MANY' : ''}\n`,
  );
  for (const each of which) process.stdout.write(`        ${each}\n`);
}
if (figures.some(({ value, bound }) => value > bound)) process.exitCode = 1;

function count(file: string): number {
  return lines.get(file) ?? 0;
}

function whole(house: string): number {
  return files.filter((file) => file.startsWith(house)).reduce((sum, file) => sum + count(file), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** The members that `TaskType` declares. */
function membersOfTheContract(): readonly string[] {
  const source = readFileSync('src/engine/task.ts', 'utf8');
  const body = /export interface TaskType<[\s\S]*?\n\}/.exec(source)?.[0] ?? '';
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, name]) => name ?? '');
}
