import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { patchCompose } from '../src/audit/compose/patch.ts';
import { auditCompose } from '../src/audit/compose/run.ts';
import { parseCompose, readCompose } from '../src/audit/compose/source.ts';
import { auditDockerfile } from '../src/audit/dockerfile/run.ts';
import { ruleSettings } from '../src/audit/workload/settings.ts';
import { UserError } from '../src/errors.ts';
import { bootHost, labUnavailable } from '../test/lab/lab.ts';

/**
 * Audits and patches the compose files and Dockerfiles of a folder of other people's, and asks `docker compose config` of a Debian 13 in
 * the lab what it takes: `npm run test:corpus -- DIR`. The folder is never a part of this repository.
 */
const folder = resolve(process.argv[2] ?? '');
if (process.argv[2] === undefined) throw new Error('npm run test:corpus -- DIR');
const unavailable = await labUnavailable();
if (unavailable) throw new Error(unavailable);

const settings = ruleSettings({}, new Date());
const files = (await readdir(folder, { recursive: true })).map((file) => join(folder, file));
const composeFiles = files.filter(
  (file) => /compose[^/]*\.ya?ml$/.test(file) && !basename(file).startsWith('patched-'),
);
const dockerfiles = files.filter((file) => /^Dockerfile/.test(basename(file)));
const failures: string[] = [];
const counts = new Map<string, number>();
const count = (what: string, by = 1) => counts.set(what, (counts.get(what) ?? 0) + by);
const refused = new Map<string, string>();
const patched = new Map<string, readonly { readonly grade: string; readonly file: string }[]>();

const host = await bootHost({ suite: 'trixie', docker: true });
try {
  const installed = await host.exec(
    'apt-get -q update >/dev/null && apt-get -q -y install --no-install-recommends docker-compose >/dev/null 2>&1; docker compose version --short',
  );
  count(`compose ${installed.stdout.trim()}`, 0);
  for (const file of composeFiles) {
    try {
      const source = await readCompose(file);
      const { results } = (await auditCompose(source, settings)) as { results: readonly { result: string }[] };
      for (const { result } of results) count(`compose: ${result}`);
      const made: { grade: string; file: string }[] = [];
      for (const grade of ['safe', 'rest']) {
        const { text } = await patchCompose(source, settings, grade === 'rest');
        const again = await patchCompose(parseCompose(text, file), settings, grade === 'rest');
        if (again.text !== text) failures.push(`${grade}: the second patch is not empty: ${file}`);
        if (text !== source.text) made.push({ grade, file: await put(file, text, grade) });
      }
      patched.set(file, made);
    } catch (error) {
      if (error instanceof UserError) refused.set(file, error.paragraph);
      else failures.push(`crash: ${file}: ${(error as Error).stack}`);
    }
    await put(file, await readFile(file, 'utf8'), 'original');
    const env = await readFile(join(dirname(file), '.env'), 'utf8').catch(() => undefined);
    if (env !== undefined) await put(join(dirname(file), '.env'), env);
  }
  for (const file of dockerfiles) {
    try {
      const { results } = auditDockerfile(await readFile(file, 'utf8'), file, settings) as {
        results: readonly { id: string; result: string }[];
      };
      for (const { id, result } of results) if (result !== 'PASS') count(`dockerfile: ${result} ${id}`);
    } catch (error) {
      if (error instanceof UserError) refused.set(file, error.paragraph);
      else failures.push(`crash: ${file}: ${(error as Error).stack}`);
    }
  }
  for (const file of composeFiles) {
    const takes = async (name: string) =>
      await host.exec(`cd '${inside(dirname(file))}' && docker compose -f '${name}' config -q 2>&1`);
    if ((await takes(`original-${basename(file)}`)).exitCode !== 0) {
      count('compose files that compose refuses');
      continue;
    }
    count('compose files that compose takes');
    const why = refused.get(file);
    if (why !== undefined) failures.push(`refused, and compose takes it: ${why}`);
    for (const { grade, file: name } of patched.get(file) ?? []) {
      const answer = await takes(basename(name));
      count(`patches (${grade}) that compose ${answer.exitCode === 0 ? 'takes' : 'refuses'}`);
      if (answer.exitCode !== 0)
        failures.push(`${grade}: compose refuses the patch of ${file}: ${answer.stdout.trim()}`);
    }
  }
} finally {
  await host.stop();
}

console.log(`${composeFiles.length} compose files, ${dockerfiles.length} Dockerfiles`);
for (const [what, number] of [...counts].sort()) console.log(`${String(number).padStart(6)}  ${what}`);
for (const [file, why] of refused) console.log(`refused: ${relative(folder, file)}: ${why}`);
for (const failure of failures) console.log(`FAILURE ${failure}`);
if (failures.length > 0) process.exitCode = 1;

function inside(path: string): string {
  return `/srv/corpus/${relative(folder, path)}`;
}

/** Writes a file into the host, beside where the corpus has it. */
async function put(file: string, text: string, prefix?: string): Promise<string> {
  const name = prefix === undefined ? basename(file) : `${prefix}-${basename(file)}`;
  const path = join(host.root, inside(dirname(file)), name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}
