import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { playbookJsonSchema } from '../src/playbook/schema.ts';
import { registry } from '../src/registry.ts';
import { taskReference } from './task-reference.ts';

const USAGE = 'usage: npm run generate [-- --check]\n';

/** The files that follow from the code: path -> text. */
const files: ReadonlyMap<string, string> = new Map([
  ['schema/playbook.json', `${JSON.stringify(playbookJsonSchema(registry), null, 2)}\n`],
  ['docs/tasks.md', taskReference(registry)],
]);

const args = process.argv.slice(2);
if (args.some((arg) => arg !== '--check')) {
  process.stderr.write(USAGE);
  process.exitCode = 64;
} else if (args.length > 0) {
  const stale = await staleFiles();
  for (const file of stale)
    process.stderr.write(`${file} is not what the code makes of it. Run npm run generate, and commit it.\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const file of await staleFiles()) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, files.get(file) ?? '');
    process.stdout.write(`wrote ${file}\n`);
  }
}

async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [file, text] of files)
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) stale.push(file);
  return stale;
}
