import { defineConfig } from 'vitest/config';

/** Conversations in real time and claims about milliseconds: one after another, on an otherwise idle machine. */
const REAL_TIME = [
  'test/talk-page.test.ts',
  'test/talk-page-server.test.ts',
  'test/inspector-page-live.test.ts',
  'test/server/{overload,remote-workers,stop,store-health}.test.ts',
  'test/realtime/{agents,openai}.test.ts',
  'test/stop/real/**/*.test.ts',
];
/** Tests without processes and threads: they need no compiled output. */
const PURE = ['{machines,actors,web}/**/*.test.ts'];
const COMPILE = 'test/support/build.ts';
/** Two cores. */
const WORKERS = 2;

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Loading the same modules for each file anew would take half of the time. No test replaces a module.
    isolate: false,
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: PURE, maxWorkers: WORKERS, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['{adapters,server,test,testing}/**/*.test.ts'],
          exclude: REAL_TIME,
          globalSetup: COMPILE,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real-time',
          include: REAL_TIME,
          globalSetup: COMPILE,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
