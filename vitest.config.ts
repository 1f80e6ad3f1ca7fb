import { defineConfig } from 'vitest/config';

/** Conversations in real time, with a browser or several processes: one after another, on an otherwise idle machine. */
const REAL_TIME = [
  'test/talk-page*.test.ts',
  'test/inspector-page*.test.ts',
  'test/server/**/*.test.ts',
  'test/stop/real/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['{machines,actors,adapters,server,web,test,testing}/**/*.test.ts'],
          exclude: REAL_TIME,
          // Two cores: engines in worker threads and real servers want one of them.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real-time',
          include: REAL_TIME,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
