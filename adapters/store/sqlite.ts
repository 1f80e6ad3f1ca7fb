import type { Worker, WorkerOptions } from 'node:worker_threads';
import { z } from 'zod';
import type { AnalyticsStore } from '../../actors/ports/analytics.ts';
import type { ConversationStore } from '../../actors/ports/conversation.ts';
import type { InspectStore } from '../../actors/ports/inspect.ts';
import type { JournalStore } from '../../actors/ports/journal.ts';
import type { MemoryRows } from '../../actors/ports/memory.ts';
import type { OutboxStore } from '../../actors/ports/outbox.ts';
import type { SessionRecords } from '../../actors/ports/session-records.ts';
import type { ContinuableSession, Store } from '../../actors/ports/store.ts';
import { ParleyError } from '../../machines/errors.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { analyticsTurnSchema } from './analytics-statements.ts';
import { conversationTurnSchema } from './conversation-statements.ts';
import { type Failure, type FromThread, packed, type Result, type ToThread } from './group.ts';
import type { Read, Reads, Write } from './operations.ts';
import { sessionSchema, turnSchema } from './session-statements.ts';
import { loadSqlite } from './sqlite-binding.ts';
import { type SqliteThread, sqliteJournals } from './sqlite-journal.ts';
import { sqliteOutbox } from './sqlite-outbox.ts';
import { sqliteRecords } from './sqlite-records.ts';
import type { SqliteThreadData } from './sqlite-worker.ts';
import { endWithProcess, threadFlags } from './thread-gate.ts';

export interface SqliteStoreOptions {
  /** The database file. Its folder is created if necessary. */
  readonly path: string;
  /** Maximum wait for another process that writes to the same file, in ms. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** Maximum size of the file in pages of 4 KiB; a write beyond it fails. Default: no limit. */
  readonly maxPages?: number;
  /** Maximum number of waiting records; further ones fail. Default 10,000. */
  readonly maxWaiting?: number;
  /** Maximum time that a journal record waits to be grouped with others, in ms, unless a caller waits for it. Default 50: with 50 active sessions, one commit and one message to the thread carry about 50 records.
   */
  readonly gatherMs?: number;
  /** Time between retries of an unusable store, and between looks at the file of an idle one, in ms. Default 5,000. */
  readonly probeMs?: number;
  /** Called after each committed group with the time until it was on disk, in ms. */
  readonly onCommit?: (ms: number) => void;
  /** Called with STORE_UNUSABLE when the file or the disk begins to fail, and with undefined when it works again. */
  readonly onHealth?: (problem: ParleyError | undefined) => void;
  /** Starts SQLite's thread. Default: a worker thread of this process. */
  readonly startThread?: (options: WorkerOptions) => Worker;
}

const optionsSchema = z.object({
  path: z.string().min(1),
  busyTimeoutMs: z.int().nonnegative().default(5_000),
  maxPages: z.int().positive().optional(),
  maxWaiting: z.int().positive().default(10_000),
  gatherMs: z.int().nonnegative().default(50),
  probeMs: z.int().positive().default(5_000),
});

/** Counts since the store was made. */
export interface StoreStats {
  /** Transactions committed, each with its fsync. */
  readonly transactions: number;
  /** Records stored. */
  readonly saved: number;
  /** Waiting records now, including those being written. */
  readonly waiting: number;
  /** Records and reads that failed. */
  readonly failed: number;
  /** Size of the largest group. */
  readonly largestGroup: number;
}

export interface SqliteStore extends Store, JournalStore, InspectStore, ConversationStore {
  readonly outbox: OutboxStore;
  readonly analytics: AnalyticsStore;
  readonly memories: MemoryRows;
  /** Records of live sessions. */
  readonly records: SessionRecords;
  /** Sessions without an end whose client may come back, the newest first. */
  continuable(): Promise<readonly ContinuableSession[]>;
  /** Deletes the user's sessions, whose ids it returns, and memories, so that nothing of them remains in the file. */
  deleteUser(user: string): Promise<readonly string[]>;
  /** Opens the file now instead of at the first use. Rejects with STORE_FAILED; a later use tries again. */
  ready(): Promise<void>;
  /** Writes and deletes a probe, which updates `problem`. Never rejects. */
  probe(): Promise<void>;
  /** STORE_UNUSABLE while the file or the disk fails and nothing is recorded. */
  problem(): ParleyError | undefined;
  stats(): StoreStats;
}

interface Waiting<Ask> {
  readonly ask: Ask;
  readonly settle: (result: Result) => void;
}

interface Group {
  readonly startMs: number;
  readonly writes: readonly Waiting<Write>[];
  readonly reads: readonly Waiting<Read>[];
}

const DEFAULT_LIMIT = 100;
const KEPT: Result = { ok: true, value: undefined };

/** Stores sessions, turns and journals in one SQLite file, written by its own thread. Saves during a transaction go into the next one. A promise resolves after the fsync of its transaction, so an acknowledged record survives a crash of the process and of the machine. Reads see every earlier save.
 * Throws CONFIG_INVALID for options out of range and SQLITE_MISSING if SQLite cannot be loaded. Later errors:
 * STORE_FAILED with SQLite's error as `cause` (with its `code`), for that record only where possible; the store remains
 * usable. SESSION_DELETED for a record of a deleted session. STORE_CLOSED after `close`.
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) throw new ParleyError('CONFIG_INVALID', z.prettifyError(parsed.error));
  loadSqlite();
  const { path, busyTimeoutMs, maxPages, maxWaiting, gatherMs, probeMs } = parsed.data;
  const threadOptions = { path, busyTimeoutMs, ...(maxPages !== undefined && { maxPages }) };
  const startThread =
    options.startThread ?? ((thread) => startWorkerThread(import.meta.url, 'sqlite-worker', thread));

  let worker: Worker | undefined;
  let running: Group | undefined;
  let writes: Waiting<Write>[] = [];
  let reads: Waiting<Read>[] = [];
  let scheduled = false;
  /** Timer that sends the waiting records. */
  let gathering: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  let idle = () => {};
  let problem: ParleyError | undefined;
  let probing: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  const sizeListeners: ((bytes: number) => void)[] = [];
  const stats = { transactions: 0, saved: 0, failed: 0, largestGroup: 0 };

  /** Starts a thread. If it ends by itself, the current group fails; the next group starts another thread. */
  function thread(): Worker {
    if (worker) return worker;
    const flags = threadFlags();
    const started = startThread({ workerData: { ...threadOptions, flags } satisfies SqliteThreadData });
    const ended = endWithProcess(flags);
    let cause: unknown;
    started.on('message', finish);
    started.on('error', (error) => {
      cause = error;
    });
    started.on('exit', (code) => {
      ended();
      if (worker !== started) return;
      worker = undefined;
      abandon(cause ?? new Error(`the thread ended with code ${code}`));
      advance();
    });
    worker = started;
    looking ??= setInterval(look, probeMs).unref();
    return started;
  }

  /** Notices, while nothing is written, that the file was deleted or replaced. */
  function look(): void {
    if (closing || problem || running) return;
    read('look', null).catch(() => {}); // the thread reports a problem beside it
  }

  function finish({ failed, reads, transactions, usedBytes, trouble }: FromThread): void {
    const group = running;
    if (!group) return;
    running = undefined;
    stats.transactions += transactions;
    if (transactions > 0) options.onCommit?.(performance.now() - group.startMs);
    if (trouble) noteProblem(trouble);
    const kept = new Array<Result>(group.writes.length).fill(KEPT);
    for (const { at, failure } of failed) kept[at] = failure;
    settle(group.writes, kept);
    settle(group.reads, reads);
    if (usedBytes !== undefined) for (const listener of sizeListeners) listener(usedBytes);
    if (!gathering) advance();
  }

  function settle(waiting: readonly Waiting<unknown>[], results: readonly Result[]): void {
    waiting.forEach(({ settle }, index) => {
      const result = results[index] ?? { ok: false, message: 'no result' };
      if (!result.ok) stats.failed++;
      settle(result);
    });
  }

  /** Fails the current group, whose result is unknown. */
  function abandon(cause: unknown): void {
    const group = running;
    running = undefined;
    const failure: Failure = { ok: false, message: cause instanceof Error ? cause.message : String(cause) };
    if (!group) return;
    noteProblem(failure);
    for (const waiting of [group.writes, group.reads])
      settle(
        waiting,
        waiting.map(() => failure),
      );
  }

  /** Marks the store as unusable until a probe succeeds. */
  function noteProblem(trouble: Failure): void {
    if (problem || closing) return;
    problem = new ParleyError('STORE_UNUSABLE', `${path}: ${trouble.message}`, {
      cause: new SqliteCause(trouble),
    });
    options.onHealth?.(problem);
    probing = setInterval(probe, probeMs).unref();
  }

  async function probe(): Promise<void> {
    try {
      await read('probe', null);
    } catch {
      return; // `problem` is already set
    }
    if (!problem || closing) return;
    clearInterval(probing);
    problem = undefined;
    options.onHealth?.(undefined);
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

  /** Sends the waiting records at the end of the current turn. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      advance();
    });
  }

  /** Sends the waiting records after `gatherMs`. */
  function gather(): void {
    if (scheduled || gathering) return;
    gathering = setTimeout(advance, gatherMs);
  }

  function put(ask: Write, onDone: (error?: Error) => void): void {
    if (closing) throw new ParleyError('STORE_CLOSED');
    if (writes.length >= maxWaiting) throw storeFailed(`${maxWaiting} records wait already`);
    writes.push({
      ask,
      settle: (result) => {
        if (!result.ok) return onDone(failed(result));
        stats.saved++;
        onDone();
      },
    });
  }

  function write(ask: Write): Promise<void> {
    return new Promise((resolve, reject) => {
      put(ask, (error) => (error ? reject(error) : resolve()));
      schedule();
    });
  }

  /** Adds a record to the next group. `onDone` is called later, once, when it is on disk or has failed. */
  function writeInTime(ask: Write, onDone: (error?: Error) => void): void {
    try {
      put(ask, onDone);
      gather();
    } catch (thrown) {
      queueMicrotask(() => onDone(thrown instanceof Error ? thrown : new Error(String(thrown))));
    }
  }

  function read<Op extends keyof Reads>(
    op: Op,
    args: Parameters<Reads[Op]>[0],
  ): Promise<ReturnType<Reads[Op]>> {
    return new Promise((resolve, reject) => {
      if (closing) throw new ParleyError('STORE_CLOSED');
      if (reads.length >= maxWaiting) throw storeFailed(`${maxWaiting} reads wait already`);
      reads.push({
        ask: { op, args } as Read, // `op` and `args` belong together: see the signature
        settle: (result) =>
          result.ok ? resolve(result.value as ReturnType<Reads[Op]>) : reject(failed(result)),
      });
      schedule();
    });
  }

  async function close(): Promise<void> {
    clearInterval(probing);
    clearInterval(looking);
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

  const queue: SqliteThread = { write, writeInTime, hurry: schedule, read };
  return {
    ...sqliteJournals(queue),
    outbox: sqliteOutbox(queue, valid),
    records: sqliteRecords(queue),
    analytics: {
      save: async (turn) => write({ op: 'saveAnalyticsTurn', args: valid(analyticsTurnSchema, turn) }),
      turns: (of) => read('analyticsTurns', of),
      prune: (before) => write({ op: 'pruneAnalytics', args: before }),
    },
    memories: {
      remember: (rows) => write({ op: 'remember', args: { rows } }),
      recall: (of) => read('recall', of),
      list: (user) => read('memoriesOf', user),
      forget: async (user) => void (await read('deleteUser', { user, sessions: false })),
    },
    deleteUser: (user) => read('deleteUser', { user, sessions: true }),
    // Parsing makes a copy, so later changes by the caller have no effect.
    saveSession: async (record) => write({ op: 'saveSession', args: valid(sessionSchema, record) }),
    endSession: (session, endedAt) => write({ op: 'endSession', args: { session, endedAt } }),
    saveTurn: async (record) => write({ op: 'saveTurn', args: valid(turnSchema, record) }),
    sessions: ({ limit = DEFAULT_LIMIT } = {}) => read('sessions', limit),
    continuable: () => read('continuable', null),
    turns: (session) => read('turns', session),
    saveConversationTurn: async (turn) =>
      write({ op: 'saveConversationTurn', args: valid(conversationTurnSchema, turn) }),
    conversationTurns: (of) => read('conversationTurns', of),
    onSize: (listener) => {
      sizeListeners.push(listener);
    },
    ready: async () => {
      await read('sessions', 0);
    },
    probe,
    problem: () => problem,
    stats: () => ({ ...stats, waiting: writes.length + (running?.writes.length ?? 0) }),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Converts a failure reported by the thread to an error. */
class SqliteCause extends Error {
  override readonly name = 'SqliteCause';
  readonly code: string | undefined;

  constructor({ message, code }: Failure) {
    super(message);
    this.code = code;
  }
}

function valid<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw storeFailed(z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

function failed(failure: Failure): ParleyError {
  const { code, message } = failure;
  if (code === 'SESSION_DELETED' || code === 'EPOCH_SUPERSEDED') return new ParleyError(code, message);
  return storeFailed(failure.message, new SqliteCause(failure));
}

function storeFailed(detail: string, cause?: unknown): ParleyError {
  return new ParleyError('STORE_FAILED', detail, { cause });
}
