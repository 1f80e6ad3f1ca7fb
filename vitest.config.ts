import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { UNHURRIED } from './test/support/unhurried.ts';

/** What takes minutes, in `npm run test:long`. Its short form is the file without `long`, in `npm test`. */
const LONG = '**/*.long.test.ts';
/** Tests without processes and threads: they need no compiled output. */
const PURE = ['{machines,actors,web,clients}/**/*.test.ts'];
/** Claims about seconds and what people hear in them: one after another, on an otherwise idle machine. */
const REAL_TIME = [
  'test/server/stop.test.ts',
  'test/chat-stream/ingest.test.ts',
  'test/wyoming/satellite.test.ts',
];
/** Longest first, so that no core waits for the last file. */
const FIRST = [
  'inspector-page-chart',
  'stt/soundswallower/soundswallower.test',
  'failover/failover',
  'conformance/',
  'server/remote-workers',
  'server/tools',
  'clients/python',
  'continuing/restart',
  'processes/',
  'server/overload',
  'server/engines.test',
  'docs/examples',
  'inspector-page',
  'talk-page',
  'server/lasting-actions',
  'operations',
  'server/store-health',
  'speech/',
  'ros/roslib',
  'simulation/simulation',
  'chat-stream/conversation',
  'clients/package',
  'eval.test',
  'transcribe',
  'server/shared',
  'languages/',
  'server/memory',
  'deploy',
  'spotter/soundswallower',
  'doctor',
  'bench.test',
  'prepare.test',
  'continuing/quiet',
  'server/no-connections',
  'server/sherpa',
  'outbox/kill',
];
const COMPILE = 'test/support/build.ts';
/** Two cores: half of what a test takes is waiting. */
const WORKERS = 4;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const at = FIRST.findIndex((name) => moduleId.includes(name));
      if (at >= 0) return at;
      // A worker that changes its project starts anew.
      return project.name === 'pure' ? FIRST.length + 1 : FIRST.length;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    // They end what hangs. No test is about time, and a busy machine is slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    env: UNHURRIED,
    // Loading the same modules for each file anew would take half of the time. No test replaces a module.
    isolate: false,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: PURE,
          exclude: [...configDefaults.exclude, LONG],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['{adapters,server,test,testing}/**/*.test.ts'],
          exclude: [...REAL_TIME, LONG],
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
          exclude: [LONG],
          globalSetup: COMPILE,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: [LONG],
          exclude: configDefaults.exclude,
          globalSetup: COMPILE,
          // One after another: some make claims about milliseconds.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
