import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { openDatabase } from './database.ts';
import { loadSqlite } from './sqlite-binding.ts';
import {
  type Failure,
  type FromThread,
  openOptionsSchema,
  type Read,
  type ReadResult,
  toThreadSchema,
  unpacked,
  type Write,
  type WriteResult,
} from './sqlite-protocol.ts';
import { type Statements, statements } from './statements.ts';

// The thread that holds SQLite, so that an fsync never stalls a session.

if (!parentPort) throw new Error('this file is the body of a worker thread');
const { SqliteError } = loadSqlite();
const port = parentPort;
const options = openOptionsSchema.parse(workerData);

let open: { db: Database; sql: Statements } | undefined;

/** Opens at the first group, and again after a failure: what was wrong with the disk may be right by then. */
function opened(): { db: Database; sql: Statements } {
  if (!open) {
    const db = openDatabase(options);
    open = { db, sql: statements(db) };
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

/** Commits `writes` together. A write that fails by itself fails alone; any other failure is thrown, and nothing was kept. */
function commit(db: Database, sql: Statements, writes: readonly Write[]): WriteResult[] {
  return db
    .transaction(() =>
      writes.map((write): WriteResult => {
        try {
          sql.write(write);
          return { ok: true };
        } catch (error) {
          // A lone failing statement undoes itself. SQLite may have given up the whole transaction instead.
          if (!db.inTransaction || isFull(error)) throw error;
          return failure(error);
        }
      }),
    )
    .immediate();
}

function runWrites(writes: readonly Write[]): { results: WriteResult[]; transactions: number } {
  if (writes.length === 0) return { results: [], transactions: 0 };
  try {
    const { db, sql } = opened();
    try {
      return { results: commit(db, sql, writes), transactions: 1 };
    } catch (error) {
      if (!isFull(error) || writes.length === 1) throw error;
    }
    // No room for all of them: keep those for which there is.
    let transactions = 0;
    const results = writes.map((write): WriteResult => {
      try {
        const [result] = commit(db, sql, [write]);
        transactions++;
        return result ?? { ok: true };
      } catch (error) {
        return failure(error);
      }
    });
    return { results, transactions };
  } catch (error) {
    const failed = failure(error);
    return { results: writes.map(() => failed), transactions: 0 };
  }
}

function runRead(read: Read): ReadResult {
  try {
    return opened().sql.read(read);
  } catch (error) {
    return failure(error);
  }
}

port.on('message', (message: unknown) => {
  const request = toThreadSchema.parse(message);
  if (request.type === 'close') {
    open?.db.close();
    port.close();
    return;
  }
  const { results, transactions } = runWrites(unpacked(request));
  const reads = request.reads.map(runRead);
  const failed = results.flatMap((result, at) => (result.ok ? [] : [{ at, failure: result }]));
  port.postMessage({
    type: 'group',
    writes: results.length,
    failed,
    reads,
    transactions,
  } satisfies FromThread);
});
