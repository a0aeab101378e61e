import { defineConfig } from 'vitest/config';

// Real hosts that are broken on purpose: one file at a time, because each boots its own host and waits for timers of real length.
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    globalSetup: ['test/faults/support/table.ts'],
    testTimeout: 900_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    maxConcurrency: 4,
  },
});
