import { defineConfig } from 'vitest/config';

// Whole machines under software emulation: one at a time, each takes minutes.
export default defineConfig({
  test: {
    include: ['test/**/*.vm.test.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: false,
  },
});
