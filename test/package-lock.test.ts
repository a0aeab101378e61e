import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

// npm forgets the builds for other systems where its registry does not offer them, and then `npm ci` fails everywhere else.
test('the lock file knows the builds for every system', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !placesOf(path, name).some((place) => packages[place]?.version)),
  );
  expect(missing).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
});

// src/remote/ssh/sign-at-once.ts reaches into it: docs/decisions/0013.
test('ssh2 is pinned to one version', () => {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  expect(devDependencies.ssh2).toMatch(/^\d+\.\d+\.\d+$/);
  expect(packages['node_modules/ssh2']?.version).toBe(devDependencies.ssh2);
});

/** Where Node looks for a package that is needed by the one at `path`. */
function placesOf(path: string, name: string): string[] {
  const parents = path
    .split('/node_modules/')
    .map((_, at, parts) => parts.slice(0, parts.length - at).join('/node_modules/'));
  return [...parents.map((parent) => `${parent}/node_modules/${name}`), `node_modules/${name}`];
}
