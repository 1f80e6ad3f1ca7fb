import { setTimeout as sleep } from 'node:timers/promises';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { MIN_OPEN_FILES, openFileLimit } from '../open-files.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** As in package.json. */
const MIN_NODE = [20, 19] as const;
/** One frame of audio. A timer that is later than that lets a reply stutter once its 200 ms ahead are used up. */
const FRAME_MS = 20;
const TIMERS = 25;
/** The year of this version. A machine without a battery for its clock starts before it. */
const MADE_MS = Date.UTC(2026, 0, 1);

export const nodeVersion: Check = {
  name: 'Node',
  run() {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const enough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
    const what = `${process.versions.node} on ${process.platform}-${process.arch}`;
    return enough ? ok(what) : problem(what, `install Node ${MIN_NODE.join('.')} or newer`);
  },
};

export const database: Check = {
  name: 'SQLite',
  run() {
    const Sqlite = loadSqlite();
    const memory = new Sqlite(':memory:');
    const version = memory.prepare('select sqlite_version()').pluck().get();
    memory.close();
    return ok(String(version));
  },
};

export const clock: Check = {
  name: 'clock',
  run() {
    const now = new Date();
    const what = now.toISOString();
    return now.getTime() >= MADE_MS
      ? ok(what)
      : problem(
          `${what}, before this Parley was made`,
          'set the clock, for example with an NTP service: certificates, retention and the dialog’s {time} need it',
        );
  },
};

/** How late timers are on this machine while Parley does nothing. */
export const timers: Check = {
  name: 'timers',
  async run() {
    const late: number[] = [];
    for (let count = 0; count < TIMERS; count++) {
      const from = performance.now();
      await sleep(FRAME_MS);
      late.push(performance.now() - from - FRAME_MS);
    }
    const worstMs = Math.max(...late);
    const what = `the latest of ${TIMERS} was ${worstMs.toFixed(1)} ms late`;
    return worstMs <= FRAME_MS
      ? ok(what)
      : warning(what, 'something else uses the processor; speech stutters where this exceeds 200 ms');
  },
};

export const openFiles: Check = {
  name: 'open files',
  run({ limits }) {
    const limit = openFileLimit();
    if (limit === undefined) return ok('no limit known');
    const needed = MIN_OPEN_FILES + limits.sessions;
    return limit >= needed
      ? ok(`at most ${limit}`)
      : warning(
          `at most ${limit}, and limits.sessions ${limits.sessions} needs ${needed}`,
          `raise it with \`ulimit -n ${needed}\`, or lower limits.sessions`,
        );
  },
};
