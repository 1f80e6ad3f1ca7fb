import { configDefaults, defineConfig } from 'vitest/config';

/** Processes, programs, browsers and whole servers on the real clock: `npm run test:real`. */
const REAL = '**/*.real.test.ts';
/** What takes minutes, one file after another. Its short form is the file without `long`. */
const LONG = '**/*.long.test.ts';
/** Claims about seconds and what people hear in them: they run alone as well. */
const ALONE = [
  'test/server/stop.real.test.ts',
  'test/chat-stream/ingest.real.test.ts',
  'test/wyoming/satellite.real.test.ts',
];
const COMPILE = 'test/support/build.ts';
/** Two cores: half of what a test takes is waiting. */
const WORKERS = 4;

export default defineConfig({
  test: {
    // They end what hangs; tests wait for events. A test without an assertion fails.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
    setupFiles: 'test/support/seed.ts',
    // Loading the same modules for each file anew would take half of the time. No test replaces a module.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'virtual',
          include: ['{machines,actors,adapters,server,web,clients,test,testing}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, REAL, LONG],
          globalSetup: COMPILE,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: [REAL],
          // A test that starts three brokers and servers takes 25 s on two cores alone, and several times as long beside others.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { requireAssertions: false, poll: { timeout: 60_000 } },
          exclude: [...configDefaults.exclude, ...ALONE],
          globalSetup: [COMPILE, 'test/support/programs.ts'],
          maxWorkers: WORKERS,
          // What needed it is printed at the end: test/support/retries.ts.
          retry: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: [LONG, ...ALONE],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { requireAssertions: false, poll: { timeout: 60_000 } },
          globalSetup: [COMPILE, 'test/support/programs.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    reporters: ['default', './test/support/retries.ts'],
  },
});
