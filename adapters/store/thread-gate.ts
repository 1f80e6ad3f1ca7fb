/** Flags shared by SQLite's thread and its owner: `ENDING` is set by the owner, `WORKING` by the thread. */
export type ThreadFlags = Int32Array<SharedArrayBuffer>;

const ENDING = 0;
const WORKING = 1;
/** Time between two attempts to get SQLite's lock, in ms. */
const RETRY_MS = 10;
/** Maximum wait for a statement when the process exits, in ms. With the second that Ctrl-C gives the sessions, the process ends within two. */
const EXIT_WAIT_MS = 700;

const live = new Set<ThreadFlags>();

export function threadFlags(): ThreadFlags {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** When this process exits, lets the thread of `flags` finish its statement before Node terminates it: better-sqlite3 12 aborts the process if it throws in a thread that is being terminated. Call the result when the thread has ended.
 */
export function endWithProcess(flags: ThreadFlags): () => void {
  if (live.size === 0) process.on('exit', awaitThreads);
  live.add(flags);
  return () => {
    live.delete(flags);
    if (live.size === 0) process.off('exit', awaitThreads);
  };
}

/** Asks all threads to end and waits for their statements. Kills the process if one hangs, such as on a disk that does not answer: all committed records are on disk. */
function awaitThreads(): void {
  const untilMs = performance.now() + EXIT_WAIT_MS;
  for (const flags of live) {
    Atomics.store(flags, ENDING, 1);
    Atomics.notify(flags, ENDING);
  }
  for (const flags of live) {
    while (Atomics.load(flags, WORKING) === 1) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) {
        console.error('parley: the disk of the store does not answer; the process is killed');
        process.kill(process.pid, 'SIGKILL');
      }
      Atomics.wait(flags, WORKING, 1, leftMs);
    }
  }
}

/** The thread's side of its flags. */
export interface ThreadGate {
  /** Runs `work`, unless the process is about to end. */
  run(work: () => void): void;
  /** Repeats `attempt` while it throws SQLITE_BUSY, until `busyTimeoutMs` is over or the process is about to end. SQLite itself must not wait: nothing could interrupt it. */
  whileLocked<Result>(attempt: () => Result): Result;
}

export function threadGate(flags: ThreadFlags, busyTimeoutMs: number): ThreadGate {
  /** Errors of attempts that are not repeated any more, also not by an outer `whileLocked`. */
  const final = new WeakSet<object>();
  const ending = () => Atomics.load(flags, ENDING) === 1;
  return {
    run(work) {
      Atomics.store(flags, WORKING, 1);
      try {
        if (!ending()) work();
      } finally {
        Atomics.store(flags, WORKING, 0);
        Atomics.notify(flags, WORKING);
      }
    },
    whileLocked(attempt) {
      const untilMs = performance.now() + busyTimeoutMs;
      for (;;) {
        try {
          return attempt();
        } catch (error) {
          if (!isBusy(error) || final.has(error)) throw error;
          if (ending() || performance.now() >= untilMs) {
            final.add(error);
            throw error;
          }
          Atomics.wait(flags, ENDING, 0, RETRY_MS);
        }
      }
    },
  };
}

function isBusy(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
