import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests without processes and threads: they need no compiled output. */
const PURE = ['{machines,actors,web}/**/*.test.ts'];
/** Claims about milliseconds, load and exact audio: one after another, on an otherwise idle machine. */
const REAL_TIME = [
  'test/talk-page.test.ts',
  'test/server/{overload,overload-spoken,stop}.test.ts',
  'test/realtime/{agents,openai}.test.ts',
  'test/chat-stream/{ingest,output-service}.test.ts',
  'test/ros/{robot,roslib}.test.ts',
  'test/stop/real/**/*.test.ts',
];
/** Long ones first, so that no core waits for the last file. */
const LONG =
  /test\/(model\/session-model|simulation|inspector-page|prepare|journal\/large)|soundswallower\.test/u;
const COMPILE = 'test/support/build.ts';
/** Two cores. */
const WORKERS = 2;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Loading the same modules for each file anew would take half of the time. No test replaces a module.
    isolate: false,
    sequence: { sequencer: LongFirst },
    // One after another: a worker that changes its project starts anew.
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
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
