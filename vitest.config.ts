import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{machines,actors,adapters,server,web,test,testing}/**/*.test.ts'],
    // Two cores: engines in worker threads and real servers want one of them.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
