import type { Worker, WorkerOptions } from 'node:worker_threads';
import { z } from 'zod';
import type { InspectStore } from '../../actors/ports/inspect.ts';
import type { JournalStore } from '../../actors/ports/journal.ts';
import type { Store } from '../../actors/ports/store.ts';
import { ParleyError } from '../../machines/errors.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { loadSqlite } from './sqlite-binding.ts';
import { sqliteJournals } from './sqlite-journal.ts';
import {
  type Failure,
  type FromThread,
  fromThreadSchema,
  type OpenOptions,
  packed,
  type Read,
  type ReadResult,
  readSchema,
  type ToThread,
  type Write,
  type WriteResult,
  writeSchema,
} from './sqlite-protocol.ts';

export interface SqliteStoreOptions {
  /** The database file. Its folder is created if need be. */
  readonly path: string;
  /** How long to wait for another process that writes to the same file, in ms. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** Largest size of the file in pages of 4 KiB; a write beyond it fails. Default: as large as the disk. */
  readonly maxPages?: number;
  /** Records that may wait to be written; one more fails. Default 10,000. */
  readonly maxWaiting?: number;
  /**
   * How long a journal's record may wait for others to be committed with, in ms, unless somebody waits for it. Default 50:
   * with 50 sessions in conversation that is one commit, and one message to the thread, for some 50 records.
   */
  readonly gatherMs?: number;
  /** Told of each group: how long it took, in ms, until it was on disk. */
  readonly onCommit?: (ms: number) => void;
  /** Starts SQLite's thread. Default: a worker thread of this process. */
  readonly startThread?: (options: WorkerOptions) => Worker;
}

const optionsSchema = z.object({
  path: z.string().min(1),
  busyTimeoutMs: z.int().nonnegative().default(5_000),
  maxPages: z.int().positive().optional(),
  maxWaiting: z.int().positive().default(10_000),
  gatherMs: z.int().nonnegative().default(50),
});

/** Counts since the store was made. */
export interface StoreStats {
  /** Transactions committed, each with its fsync. */
  readonly transactions: number;
  /** Records kept. */
  readonly saved: number;
  /** Records that wait at the moment, those under way included. */
  readonly waiting: number;
  /** Records and reads that failed. */
  readonly failed: number;
  /** The most records that went to the thread together. */
  readonly largestGroup: number;
}

export interface SqliteStore extends Store, JournalStore, InspectStore {
  /** Opens the file now rather than at the first use. Rejects with STORE_FAILED if that fails; a later use tries again. */
  ready(): Promise<void>;
  stats(): StoreStats;
}

interface Waiting<Ask, Result> {
  readonly ask: Ask;
  readonly settle: (result: Result | Failure) => void;
}

interface Group {
  readonly startMs: number;
  readonly writes: readonly Waiting<Write, WriteResult>[];
  readonly reads: readonly Waiting<Read, ReadResult>[];
}

const DEFAULT_LIMIT = 100;
const KEPT: WriteResult = { ok: true };

/**
 * Sessions, turns and journals in one SQLite file, written by a thread of its own. All that was saved while a transaction ran goes into
 * the next one. A promise resolves after the fsync of its transaction, so an acknowledged record survives a
 * crash of the process and of the machine. Reads see every save that was called before them.
 *
 * Throws SQLITE_MISSING at once if this Node can load no SQLite. Errors later: STORE_FAILED with SQLite's error as `cause` (its `code` kept), for that record alone where possible; the store can
 * still be used after it. STORE_CLOSED after `close`. Throws CONFIG_INVALID for options out of range.
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) throw new ParleyError('CONFIG_INVALID', z.prettifyError(parsed.error));
  loadSqlite();
  const { path, busyTimeoutMs, maxPages, maxWaiting, gatherMs } = parsed.data;
  const openOptions: OpenOptions = { path, busyTimeoutMs, ...(maxPages !== undefined && { maxPages }) };
  const startThread =
    options.startThread ?? ((thread) => startWorkerThread(import.meta.url, 'sqlite-worker', thread));

  let worker: Worker | undefined;
  let running: Group | undefined;
  let writes: Waiting<Write, WriteResult>[] = [];
  let reads: Waiting<Read, ReadResult>[] = [];
  let scheduled = false;
  /** Until then what waits may go on waiting. */
  let gathering: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  let idle = () => {};
  const stats = { transactions: 0, saved: 0, failed: 0, largestGroup: 0 };

  /** Starts a thread. One that ends by itself fails the group under way; the next group starts another. */
  function thread(): Worker {
    if (worker) return worker;
    const started = startThread({ workerData: openOptions });
    let cause: unknown;
    started.on('message', (message: unknown) => {
      const answer = fromThreadSchema.safeParse(message);
      const group = running;
      if (!group) return;
      if (
        !answer.success ||
        answer.data.writes !== group.writes.length ||
        answer.data.reads.length !== group.reads.length
      ) {
        cause = answer.error ?? new Error('the thread answered another group');
        started.terminate().catch(() => {});
        return;
      }
      running = undefined;
      stats.transactions += answer.data.transactions;
      if (answer.data.transactions > 0) options.onCommit?.(performance.now() - group.startMs);
      settle(group.writes, resultsOf(answer.data));
      settle(group.reads, answer.data.reads);
      if (!gathering) advance();
    });
    started.on('error', (error) => {
      cause = error;
    });
    started.on('exit', (code) => {
      if (worker !== started) return;
      worker = undefined;
      abandon(cause ?? new Error(`the thread ended with code ${code}`));
      advance();
    });
    worker = started;
    return started;
  }

  function settle<Ask, Result extends { ok: boolean }>(
    waiting: readonly Waiting<Ask, Result>[],
    results: readonly (Result | Failure)[],
  ): void {
    waiting.forEach(({ settle }, index) => {
      const result = results[index] ?? { ok: false, message: 'no result' };
      if (!result.ok) stats.failed++;
      settle(result);
    });
  }

  function resultsOf({ writes, failed }: FromThread): WriteResult[] {
    const results = new Array<WriteResult>(writes).fill(KEPT);
    for (const { at, failure } of failed) results[at] = failure;
    return results;
  }

  /** Fails the group under way: nobody knows what became of it. */
  function abandon(cause: unknown): void {
    const group = running;
    running = undefined;
    if (!group) return;
    const message = cause instanceof Error ? cause.message : String(cause);
    const failure: Failure = { ok: false, message };
    settle(
      group.writes,
      group.writes.map(() => failure),
    );
    settle(
      group.reads,
      group.reads.map(() => failure),
    );
  }

  function advance(): void {
    clearTimeout(gathering);
    gathering = undefined;
    if (running) return;
    if (writes.length + reads.length === 0) {
      worker?.unref();
      idle();
      return;
    }
    const group: Group = { startMs: performance.now(), writes, reads };
    running = group;
    writes = [];
    reads = [];
    stats.largestGroup = Math.max(stats.largestGroup, group.writes.length);
    try {
      const to = thread();
      to.ref();
      to.postMessage({
        type: 'group',
        ...packed(group.writes.map(({ ask }) => ask)),
        reads: group.reads.map(({ ask }) => ask),
      } satisfies ToThread);
    } catch (cause) {
      queueMicrotask(() => {
        abandon(cause);
        advance();
      });
    }
  }

  /** Lets the callers of the same moment join the group. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      advance();
    });
  }

  /** Lets the callers of the next moments join too. */
  function gather(): void {
    if (scheduled || gathering) return;
    gathering = setTimeout(advance, gatherMs);
  }

  function put(ask: Write, told: (error?: Error) => void): void {
    if (closing) throw new ParleyError('STORE_CLOSED');
    if (writes.length >= maxWaiting) throw storeFailed(`${maxWaiting} records wait already`);
    writes.push({
      ask,
      settle: (result) => {
        if (!result.ok) return told(failed(result));
        stats.saved++;
        told();
      },
    });
  }

  /** Takes a copy of `ask` at once: what the caller does to the record later does not matter. */
  function write(ask: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const checked = writeSchema.safeParse(ask);
      if (!checked.success) throw storeFailed(z.prettifyError(checked.error), checked.error);
      put(checked.data, (error) => (error ? reject(error) : resolve()));
      schedule();
    });
  }

  /** Takes `ask` as it is; `told` is called later, once, when it is on disk or has failed. */
  function writeInTime(ask: Write, told: (error?: Error) => void): void {
    try {
      put(ask, told);
      gather();
    } catch (thrown) {
      queueMicrotask(() => told(thrown instanceof Error ? thrown : new Error(String(thrown))));
    }
  }

  function read(ask: Read): Promise<ReadResult & { ok: true }> {
    return new Promise((resolve, reject) => {
      if (closing) throw new ParleyError('STORE_CLOSED');
      const checked = readSchema.safeParse(ask);
      if (!checked.success) throw storeFailed(z.prettifyError(checked.error), checked.error);
      if (reads.length >= maxWaiting) throw storeFailed(`${maxWaiting} reads wait already`);
      const settle = (result: ReadResult) => (result.ok ? resolve(result) : reject(failed(result)));
      reads.push({ ask: checked.data, settle });
      schedule();
    });
  }

  async function close(): Promise<void> {
    await new Promise<void>((resolve) => {
      idle = resolve;
      schedule();
    });
    const last = worker;
    if (!last) return;
    const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
    last.ref();
    last.postMessage({ type: 'close' } satisfies ToThread);
    await gone;
  }

  const journals = sqliteJournals({
    write,
    writeInTime,
    hurry: schedule,
    ask: async (ask) => {
      const result = await read(ask);
      if (result.op === 'sessions' || result.op === 'turns')
        throw storeFailed(`the thread answered ${ask.op} with ${result.op}`);
      return result;
    },
  });

  return {
    ...journals,
    saveSession: (record) => write({ op: 'saveSession', record }),
    endSession: (session, endedAt) => write({ op: 'endSession', session, endedAt }),
    saveTurn: (record) => write({ op: 'saveTurn', record }),
    sessions: async ({ limit = DEFAULT_LIMIT } = {}) => {
      const result = await read({ op: 'sessions', limit });
      return result.op === 'sessions' ? result.rows : [];
    },
    turns: async (session) => {
      const result = await read({ op: 'turns', session });
      return result.op === 'turns' ? result.rows : [];
    },
    ready: async () => {
      await read({ op: 'sessions', limit: 0 });
    },
    stats: () => ({ ...stats, waiting: writes.length + (running?.writes.length ?? 0) }),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** What the thread reported, as an error again. */
class SqliteCause extends Error {
  override readonly name = 'SqliteCause';
  readonly code: string | undefined;

  constructor({ message, code }: Failure) {
    super(message);
    this.code = code;
  }
}

function failed(failure: Failure): ParleyError {
  return storeFailed(failure.message, new SqliteCause(failure));
}

function storeFailed(detail: string, cause?: unknown): ParleyError {
  return new ParleyError('STORE_FAILED', detail, { cause });
}
