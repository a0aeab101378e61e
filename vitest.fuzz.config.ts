import { defineConfig } from 'vitest/config';

// Thousands of playbooks and inventories that nobody would write: npm run test:fuzz.
export default defineConfig({
  test: { include: ['test/fuzz/**/*.fuzz.ts'], testTimeout: 3_600_000 },
});
