import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { compareVersions } from '../../../src/tasks/apt/debian-version.ts';

const ascending = [
  '0~~',
  '0~~a',
  '0~',
  '0',
  '0+b1',
  '1.0~rc1-1',
  '1.0-1~bpo12+1',
  '1.0-1',
  '1.0-1+b1',
  '1.0-1+deb12u1',
  '1.0-1+deb12u9',
  '1.0-1+deb12u11',
  '1.0a-1',
  '1.0.1-1',
  '1.0.10-1',
  '1.01.10-1',
  '20.10.24',
  '1:0.1',
  '1:9.2p1-2',
  '1:10.0p1-7',
  '2:0',
];

test('versions sort as Debian sorts them', () => {
  for (const [index, a] of ascending.entries()) {
    for (const [other, b] of ascending.entries()) {
      const equal = a.replace('1.01.10', '1.1.10') === b.replace('1.01.10', '1.1.10');
      expect([a, b, Math.sign(compareVersions(a, b))]).toEqual([a, b, equal ? 0 : Math.sign(index - other)]);
    }
  }
});

test.each([
  ['1.01-1', '1.1-1'],
  ['0:1.0', '1.0'],
  ['1.0', '1.0-0'],
])('%s is the same as %s', (a, b) => expect(compareVersions(a, b)).toBe(0));

test.skipIf(spawnSync('dpkg', ['--version']).error !== undefined)('dpkg agrees', () => {
  for (const [index, a] of ascending.entries()) {
    const b = ascending[(index * 7 + 3) % ascending.length] ?? '0';
    const order = compareVersions(a, b);
    const relation = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq';
    expect([a, relation, b, spawnSync('dpkg', ['--compare-versions', a, relation, b]).status]).toEqual([
      a,
      relation,
      b,
      0,
    ]);
  }
});
