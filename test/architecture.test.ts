import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { circles, type Import, importsOf, importsOfAll, sourceFiles } from '../scripts/imports.ts';

const FILES = sourceFiles('src');
const IMPORTS = importsOfAll(FILES);

/** What the files of a folder may import beside that folder, `src/errors.ts` and Node's own modules. */
const MAY_IMPORT: Readonly<Record<string, readonly RegExp[]>> = {
  // The one door to a host is quoting and the shell's frames; what carries them is not the engine's business.
  'src/engine/': [/^src\/remote\/(sh|shell|facts)\.ts$/, /^src\/audit\/result\.ts$/, /^src\/text\//, /^zod$/],
  'src/tasks/': [
    /^src\/engine\/(task|diff|state|access-effect|ask-files)\.ts$/,
    /^src\/remote\/(sh|facts|known-hosts|host-key-algorithms)\.ts$/,
    /^src\/playbook\/registry\.ts$/,
    /^src\/text\//,
    // docker_compose writes a compose file as people do.
    /^(zod|yaml)$/,
  ],
  'src/playbook/': [
    /^src\/engine\/(task|resolved-task|state)\.ts$/,
    /^src\/remote\/(sh|facts|target)\.ts$/,
    /^src\/text\//,
    /^(zod|yaml|handlebars)$/,
  ],
  'src/report/': [
    /^src\/version\.ts$/,
    /^src\/engine\/(events|plan|plan-tasks|shown|state|diff|journal\/read-[a-z]+)\.ts$/,
    /^src\/remote\/facts\.ts$/,
    /^src\/text\//,
    /^src\/audit\/result\.ts$/,
    /^(diff|yaml)$/,
  ],
  'src/launcher/': [],
  'src/text/': [],
  'src/remote/': [/^src\/text\//, /^(ssh2|execa)$/],
  // Compose files are read as playbooks are: with the place of each value.
  'src/audit/': [
    /^src\/engine\/resolved-task\.ts$/,
    /^src\/remote\/(sh|shell|facts)\.ts$/,
    /^src\/text\//,
    /^src\/playbook\/(nodes|problems|yaml-document|yaml-nodes|yaml-syntax)\.ts$/,
    /^(zod|execa|yaml|dockerfile-ast|unbash)$/,
  ],
};

/** Packages and modules that only one part may reach, by whatever way. */
const MAY_NOT_REACH: readonly { readonly folder: string; readonly forbidden: RegExp; readonly why: string }[] = [
  {
    folder: 'src/engine/',
    forbidden: /^(ssh2|execa|commander|yaml|handlebars)$/,
    why: 'knows neither a transport, nor a terminal, nor YAML',
  },
  {
    folder: 'src/tasks/',
    forbidden: /^(ssh2|execa|commander|node:child_process|node:net|node:fs(\/promises)?)$/,
    why: 'is data in, text out',
  },
  {
    folder: 'src/report/',
    forbidden: /^(ssh2|execa|commander|node:child_process|node:net|node:fs(\/promises)?)$/,
    why: 'only reads events',
  },
];

describe('dependencies point one way', () => {
  test.each(Object.keys(MAY_IMPORT))('%s imports only what it may', (folder) => {
    const inside = IMPORTS.filter(({ from }) => from.startsWith(folder));
    expect(FILES.some((file) => file.startsWith(folder))).toBe(true);
    expect(strangers(inside, folder, MAY_IMPORT[folder] ?? [])).toEqual([]);
  });

  test.each(MAY_NOT_REACH)('$folder $why, not even through others', ({ folder, forbidden }) => {
    expect(pathsTo(folder, forbidden, IMPORTS)).toEqual([]);
  });

  test('nobody but a task type imports its private files, and no type imports another', () => {
    expect(trespasses(IMPORTS)).toEqual([]);
  });

  test('no files import each other in a circle, not even for types alone', () => {
    expect(circles(IMPORTS)).toEqual([]);
    const planted = [
      ...importsOf('src/a.ts', `import type { B } from './b.ts';`),
      ...importsOf('src/b.ts', `import { c } from './c.ts';`),
      ...importsOf('src/c.ts', `export type { A } from './a.ts';\nimport './d.ts';`),
      ...importsOf('src/d.ts', `import { b } from './e.ts';`),
    ];
    expect(circles(planted)).toEqual([['src/a.ts', 'src/b.ts', 'src/c.ts']]);
  });

  test('only cli.ts touches the process', () => {
    const touching = FILES.filter(
      (file) =>
        file !== 'src/cli.ts' &&
        /\bprocess\.(exit|on|once|stdout|stderr|stdin|argv|exitCode)\b/.test(readFileSync(file, 'utf8')),
    );
    expect(touching).toEqual([
      // What runs before cli.ts: it chooses the compiled code by the command, and keeps it at the end.
      'src/launcher/launcher.ts',
      // The text of a small program of its own, which ssh starts to ask for a password.
      'src/remote/openssh/askpass.ts',
      // A question is read from the terminal itself.
      'src/remote/prompt-terminal.ts',
    ]);
  });

  test('the rule about houses bites: planted imports are found', () => {
    const planted = [
      ...importsOf(
        'src/tasks/apt/planted.ts',
        `import { x } from '../user/params.ts';\nimport { y } from './params.ts';`,
      ),
      ...importsOf('src/commands/planted.ts', `import type { x } from '../tasks/user/params.ts';`),
      ...importsOf('src/tasks/hostname.ts', `import { z } from './timezone.ts';`),
      ...importsOf('src/tasks/support/planted.ts', `import { z } from '../sshd/index.ts';`),
      ...importsOf('src/tasks/index.ts', `import { z } from './sshd/index.ts';`),
    ];
    expect(trespasses(planted)).toEqual([
      'src/tasks/apt/planted.ts -> src/tasks/user/params.ts',
      'src/commands/planted.ts -> src/tasks/user/params.ts',
      'src/tasks/hostname.ts -> src/tasks/timezone.ts',
      'src/tasks/support/planted.ts -> src/tasks/sshd/index.ts',
    ]);
  });

  test('the rules bite: a planted import is found, directly and through others', () => {
    const planted = importsOf(
      'src/engine/planted.ts',
      `import x from '../remote/ssh/connect.ts';\nconst y = await import('commander');\nexport { z } from './other.ts';`,
    );
    expect(strangers(planted, 'src/engine/', MAY_IMPORT['src/engine/'] ?? [])).toEqual([
      'src/engine/planted.ts -> src/remote/ssh/connect.ts',
      'src/engine/planted.ts -> commander',
    ]);
    expect(pathsTo('src/engine/planted.ts', /^ssh2$/, [...IMPORTS, ...planted])).toContainEqual(
      expect.stringMatching(/^src\/engine\/planted\.ts -> src\/remote\/ssh\/connect\.ts -> .*ssh2$/),
    );
  });
});

function strangers(imports: readonly Import[], folder: string, allowed: readonly RegExp[]): string[] {
  return imports
    .filter(
      ({ to }) =>
        !to.startsWith(folder) &&
        !to.startsWith('node:') &&
        to !== 'src/errors.ts' &&
        !allowed.some((pattern) => pattern.test(to)),
    )
    .map(({ from, to }) => `${from} -> ${to}`);
}

/** The house of a task type that a file belongs to: its folder, or the file itself for a type of one file; undefined for all else. */
function house(file: string): string | undefined {
  const [, name] = /^src\/tasks\/([^/]+?)(?:\.ts|\/.*)$/.exec(file) ?? [];
  return name === 'support' || name === 'index' ? undefined : name;
}

/** Imports that enter a house from outside. The registry alone may, and by its front door only. */
function trespasses(imports: readonly Import[]): string[] {
  return imports
    .filter(({ from, to }) => {
      const entered = house(to);
      const byTheDoor = from === 'src/tasks/index.ts' && /^src\/tasks\/([^/]+\.ts|[^/]+\/index\.ts)$/.test(to);
      return entered !== undefined && entered !== house(from) && !byTheDoor;
    })
    .map(({ from, to }) => `${from} -> ${to}`);
}

/** Each shortest chain of imports that are there at run time, from a file of `folder` to a module that matches. */
function pathsTo(folder: string, forbidden: RegExp, imports: readonly Import[]): string[] {
  const running = grouped(imports);
  const found: string[] = [];
  const starts = [...running.keys()].filter((file) => file.startsWith(folder));
  for (const start of starts) {
    const queue = [[start]];
    const seen = new Set([start]);
    for (let path = queue.shift(); path; path = queue.shift()) {
      for (const { to, typeOnly } of running.get(path.at(-1) ?? '') ?? []) {
        if (typeOnly || seen.has(to)) continue;
        seen.add(to);
        if (forbidden.test(to)) found.push([...path, to].join(' -> '));
        else queue.push([...path, to]);
      }
    }
  }
  return found;
}

function grouped(imports: readonly Import[]): Map<string, Import[]> {
  const groups = new Map<string, Import[]>();
  for (const each of imports) groups.set(each.from, [...(groups.get(each.from) ?? []), each]);
  return groups;
}
