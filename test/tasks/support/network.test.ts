import { describe, expect, test } from 'vitest';
import { canonicalNetwork, contains, familyOf } from '../../../src/tasks/support/network.ts';

describe('one spelling for equal networks', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/255.255.0.0', '10.1.0.0/16'],
    ['192.0.2.255/25', '192.0.2.128/25'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1/128', '::1'],
    ['fe80::1/10', 'fe80::1/10'],
    ['::/0', '::/0'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    [' 10.0.0.1 ', '10.0.0.1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalNetwork(text)).toBe(canonical);
  });

  test.each([
    '',
    'any',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/255.0.255.0',
    '10.0.0.0/8/8',
    '::1/129',
    ':',
    '1::2::3',
    'host',
    '::1]/',
    'fe80::1%eth0',
  ])('%j is none', (text) => {
    expect(canonicalNetwork(text)).toBeUndefined();
    expect(familyOf(text)).toBeUndefined();
  });
});

test.each([
  ['10.0.0.0/8', '10.9.9.9', true],
  ['10.0.0.0/8', '10.9.0.0/16', true],
  ['10.9.0.0/16', '10.0.0.0/8', false],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['0.0.0.0/0', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.1', true],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['::/0', '10.0.0.1', false],
])('%s contains %s: %s', (outer, inner, expected) => {
  expect(contains(outer, inner)).toBe(expected);
});
