import { defineConfig } from 'vitest/config';

// A local user against root, for hundreds of rounds: one host at a time, or the two would take each other's processors.
export default defineConfig({
  test: {
    include: ['test/races/**/*.races.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
