import { expect, test } from 'vitest';
import { ceilingsIn, ulimitFindings } from '../../../src/tasks/support/docker/ulimits.ts';

const process = (unit: string, files: number, capabilities: string, map = '0 0 4294967295') => `unit ${unit}
CapEff:\t${capabilities}
         ${map.split(' ').join('          ')}
Limit                     Soft Limit           Hard Limit           Units
Max processes             96364                96364                processes
Max open files            ${files - 1}                ${files}                files
Max locked memory         8388608              8388608              bytes
Max stack size            8388608              unlimited            bytes
`;
const NONE = '000001fffeffffff';
const ALL = '000001ffffffffff';

const said = (output: string, name: string, hard: number) =>
  ulimitFindings([{ name, hard }], ceilingsIn(output), (one) => `default-ulimits.${one}`).map(({ message }) => message);

test.each([
  [
    'above dockerd',
    process('docker', 20_000, NONE),
    'nofile',
    64_000,
    /64000, and dockerd on this host can give at most 20000/,
  ],
  [
    'above containerd alone',
    process('docker', 1_000_000, NONE) + process('containerd', 20_000, NONE),
    'nofile',
    64_000,
    /and containerd on/,
  ],
  ['no limit at all', process('docker', 20_000, NONE), 'nofile', -1, /asks for no limit/],
  [
    'another limit',
    process('docker', 20_000, NONE),
    'memlock',
    -1,
    /default-ulimits.memlock asks for no limit, .* 8388608/,
  ],
  ['processes', process('docker', 20_000, NONE), 'nproc', 100_000, /at most 96364/],
  ['root of a user namespace', process('docker', 20_000, ALL, '0 100000 65536'), 'nofile', 64_000, /at most 20000/],
  [
    'more than the kernel has',
    `${process('docker', 20_000, ALL)}nr_open 1048576`,
    'nofile',
    2_000_000,
    /the kernel \(fs.nr_open\) on/,
  ],
] as const)('refuses a limit: %s', (_, output, name, hard, message) => {
  expect(said(output, name, hard)).toEqual([expect.stringMatching(message)]);
});

test.each([
  ['below', process('docker', 20_000, NONE), 'nofile', 20_000],
  ['with the right to raise it', `${process('docker', 20_000, ALL)}nr_open 1048576`, 'nofile', 64_000],
  ['what has no limit', process('docker', 20_000, NONE), 'stack', -1],
  ['where nothing runs', 'nr_open ', 'nofile', 64_000],
  ['no number', process('docker', 20_000, NONE), 'nofile', Number.NaN],
] as const)('takes a limit: %s', (_, output, name, hard) => {
  expect(said(output, name, hard)).toEqual([]);
});
