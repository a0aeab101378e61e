import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Whole machines under software emulation take minutes: npm run test:vm.
    exclude: ['test/**/*.vm.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 180_000,
  },
});
