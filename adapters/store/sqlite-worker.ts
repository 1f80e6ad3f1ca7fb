import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { type OpenOptions, openDatabase } from './database.ts';
import { usedBytes } from './deletion.ts';
import { type Failure, type FromThread, type Result, type ToThread, unpacked } from './group.ts';
import { operations, type Read, run, type Write } from './operations.ts';
import { loadSqlite } from './sqlite-binding.ts';
import { type ThreadFlags, threadGate } from './thread-gate.ts';

// The thread that runs SQLite, so that an fsync never stalls a session.

/** Given to the thread when it starts. */
export interface SqliteThreadData extends OpenOptions {
  readonly busyTimeoutMs: number;
  readonly flags: ThreadFlags;
}

if (!parentPort) throw new Error('this file is the body of a worker thread');
const { SqliteError } = loadSqlite();
const port = parentPort;
const options: SqliteThreadData = workerData;
const { run: unlessEnding, whileLocked } = threadGate(options.flags, options.busyTimeoutMs);

const KEPT: Result = { ok: true, value: undefined };

let open: { readonly db: Database; readonly sql: ReturnType<typeof operations> } | undefined;
/** Problem of the file or the disk found during the current group. */
let trouble: Failure | undefined;

/** Opened at the first group, and again after a failure, because the disk may work again. */
function opened() {
  if (!open) {
    const db = whileLocked(() => openDatabase(options));
    open = { db, sql: operations(db, whileLocked) };
  }
  return open;
}

function failure(error: unknown): Failure {
  if (!(error instanceof Error)) return { ok: false, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { ok: false, message: error.message, ...(code !== undefined && { code }) };
}

function isFull(error: unknown): boolean {
  return error instanceof SqliteError && error.code === 'SQLITE_FULL';
}

/** True for damage, a failing disk or an unwritable file: errors that affect every record and every retry. */
function isBroken(error: unknown): boolean {
  return (
    error instanceof SqliteError &&
    /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY|FULL|PERM|NOLFS)/u.test(error.code)
  );
}

function noteTrouble(error: unknown): void {
  trouble ??= failure(error);
  if (isFull(error) || !open) return;
  // The next group reopens the file, which may be repaired or replaced by then.
  const { db } = open;
  open = undefined;
  db.close();
}

/** Commits `writes` together. An invalid write fails alone; any other failure is thrown, and nothing is stored. */
function commit(writes: readonly Write[]): Result[] {
  const { db, sql } = opened();
  const transaction = db.transaction(() =>
    writes.map((write): Result => {
      try {
        run(sql.writes, write);
        return KEPT;
      } catch (error) {
        // A failing statement is rolled back alone, unless SQLite has rolled back the whole transaction.
        if (!db.inTransaction || isBroken(error)) throw error;
        return failure(error);
      }
    }),
  );
  return whileLocked(() => transaction.immediate());
}

function runWrites(writes: readonly Write[]): { results: Result[]; transactions: number } {
  if (writes.length === 0) return { results: [], transactions: 0 };
  try {
    return { results: commit(writes), transactions: 1 };
  } catch (error) {
    noteTrouble(error);
    if (!isFull(error) || writes.length === 1)
      return { results: writes.map(() => failure(error)), transactions: 0 };
  }
  // Not enough space for all of them: store those that fit.
  let transactions = 0;
  const results = writes.map((write): Result => {
    try {
      const [result = KEPT] = commit([write]);
      transactions++;
      return result;
    } catch (error) {
      noteTrouble(error);
      return failure(error);
    }
  });
  return { results, transactions };
}

function runRead(read: Read): Result {
  try {
    const { sql } = opened();
    return { ok: true, value: whileLocked(() => run(sql.reads, read)) };
  } catch (error) {
    if (!open || isBroken(error)) noteTrouble(error);
    return failure(error);
  }
}

port.on('message', (message: ToThread) => unlessEnding(() => obey(message)));

function obey(message: ToThread): void {
  if (message.type === 'close') {
    open?.db.close();
    port.close();
    return;
  }
  const { results, transactions } = runWrites(unpacked(message));
  const reads = message.reads.map(runRead);
  const failed = results.flatMap((result, at) => (result.ok ? [] : [{ at, failure: result }]));
  const size = transactions > 0 && open ? { usedBytes: usedBytes(open.db) } : {};
  port.postMessage({ failed, reads, transactions, ...size, ...takeTrouble() } satisfies FromThread);
}

function takeTrouble(): Pick<FromThread, 'trouble'> {
  const found = trouble;
  trouble = undefined;
  return found ? { trouble: found } : {};
}
