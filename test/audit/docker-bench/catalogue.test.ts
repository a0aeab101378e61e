import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from '../../../src/audit/docker-bench/catalogue/catalogue.ts';
import { pointsFor } from '../../../src/audit/docker-bench/catalogue/entry.ts';
import { registry } from '../../../src/tasks/index.ts';

const checkout = process.env.HARDEN_DOCKER_BENCH;

test('there are 117 checks in the default run', () => {
  expect(catalogue.size).toBe(117);
});

test.each([...catalogue])('%s says what must hold, as a sentence goes on', (_id, entry) => {
  expect(entry.about).toMatch(/^\S.*[^.\s]$/);
  if (entry.dishonest) expect(entry.dishonest).toMatch(/^[A-Z`].*[.`)]$/);
});

test('the greens that are not honest are marked', () => {
  const marked = [...catalogue].filter(([, { dishonest }]) => dishonest).map(([id]) => id);
  expect(marked).toEqual(expect.arrayContaining(['2.13', '3.7', '3.8', '4.5', '5.26']));
});

test('a fix is one that every Docker takes, and that mends', () => {
  // Docker 20.10 takes `seccomp=builtin` for a file; --cap-drop alone leaves what is added.
  expect(catalogue.get('5.22')?.mend).toMatchObject({ run: 'leave out --security-opt seccomp=unconfined' });
  expect(catalogue.get('5.4')?.mend).toMatchObject({ run: '--cap-drop ALL, without --cap-add' });
});

test('what harden does not chase has its reason, and gets no task', () => {
  const declined = [...catalogue].filter(([, { mend }]) => mend.by === 'declined').map(([id]) => id);
  expect(declined).toEqual(['2.12', '4.5']);
});

test('a WARN that passes is worth two points, an INFO one, and what is not scored none', () => {
  const [scored, unscored] = [catalogue.get('2.2')!, catalogue.get('2.8')!];
  expect(['PASS', 'INFO', 'WARN'].map((from) => pointsFor(scored, from))).toEqual([0, 1, 2]);
  expect(['PASS', 'INFO', 'WARN'].map((from) => pointsFor(unscored, from))).toEqual([0, 0, 0]);
});

test.each([...catalogue].flatMap(([id, { mend }]) => (mend.by === 'daemon' ? [[id, mend] as const] : [])))(
  '%s is mended by what docker_daemon takes',
  (_id, { options = {}, remove = [] }) => {
    const type = registry.get('docker_daemon')!;
    expect(type.params.safeParse({ options, remove }).error).toBeUndefined();
  },
);

test.skipIf(!checkout)('the ids, and which of them count, are those of the real docker-bench-security', async () => {
  const folder = join(checkout!, 'tests');
  const real = new Map<string, boolean>();
  for (const name of await readdir(folder)) {
    if (!/^[1-7]_.*\.sh$/.test(name)) continue;
    const text = await readFile(join(folder, name), 'utf8');
    for (const [body] of text.matchAll(/^check_\d+_\d+[\d_]*\(\) \{[\s\S]*?^\}/gm)) {
      const id = /local id="([^"]+)"/.exec(body)?.[1];
      if (id && body.includes('starttestjson')) real.set(id, /\b(pass|warn) -s /.test(body));
    }
  }
  expect([...catalogue.keys()].sort()).toEqual([...real.keys()].sort());
  expect([...catalogue].filter(([id, { scored }]) => scored !== real.get(id)).map(([id]) => id)).toEqual([]);
});
