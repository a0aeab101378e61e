import { expect, test } from 'vitest';
import { whyUnsupported } from '../../src/engine/supported.ts';
import { debian12Facts, debian13Facts, ubuntu2404Facts } from '../support/facts.ts';

test.each([debian12Facts, debian13Facts, ubuntu2404Facts])('$os.name is supported', (facts) => {
  expect(whyUnsupported(facts)).toBeUndefined();
  expect(whyUnsupported({ ...facts, systemd: false })).toBeUndefined();
});

test.each([
  ['raspbian', 'Raspbian GNU/Linux 12 (bookworm)'],
  ['devuan', 'Devuan GNU/Linux 5 (daedalus)'],
])('%s has apt, and is taken', (id, name) => {
  expect(whyUnsupported({ ...debian12Facts, os: { ...debian12Facts.os, id, name } })).toBeUndefined();
});

test.each([
  ['ubuntu-core', 'Ubuntu Core 22', /runs Ubuntu Core 22, whose image is replaced as a whole/, /snaps/],
  ['fedora', 'Fedora CoreOS 41.20241109.3.0', /runs Fedora CoreOS 41/, /Ignition/],
  ['coreos', 'Container Linux by CoreOS 2512.3.0', /runs Container Linux by CoreOS/, /Ignition/],
  ['flatcar', 'Flatcar Container Linux by Kinvolk 3975', /runs Flatcar/, /Ignition/],
  ['rancheros', 'RancherOS v1.5.8', /runs RancherOS v1\.5\.8/, /not maintained any more/],
  [
    'alpine',
    'Alpine Linux v3.20',
    /runs Alpine Linux v3\.20 and has no apt: harden is for Debian/,
    /Leave the host out/,
  ],
  ['unknown', 'unknown', /says nothing of its system \(\/etc\/os-release\) and has no apt/, /Leave the host out/],
])('%s is refused in one sentence', (id, name, message, hint) => {
  const error = whyUnsupported({ ...debian12Facts, apt: false, os: { ...debian12Facts.os, id, name } });
  expect(error?.message).toMatch(message);
  expect(error?.message.split('. ')).toHaveLength(1);
  expect(error?.hint).toMatch(hint);
});
