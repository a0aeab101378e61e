import { defineConfig } from 'vitest/config';

// One virtual machine under software emulation, from its box to its end: the tests are steps, each takes minutes.
export default defineConfig({
  test: {
    include: ['test/vagrant/**/*.vagrant.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 1_800_000,
    bail: 1,
  },
});
