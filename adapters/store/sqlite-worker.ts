import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { type OpenOptions, openDatabase } from './database.ts';
import { usedBytes } from './deletion.ts';
import { FileWatch, isParleys, moveAside, sizeOf } from './file-watch.ts';
import { type Failure, type FromThread, type Result, type ToThread, unpacked } from './group.ts';
import { operations, type Read, run, type Write } from './operations.ts';
import { NoSession } from './session-statements.ts';
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

/** A larger file is not read through when it is opened: that would take more than about a second. */
const MOST_CHECKED_BYTES = 256 * 1_024 * 1_024;

let open:
  | { readonly db: Database; readonly sql: ReturnType<typeof operations>; readonly file: FileWatch }
  | undefined;
/** Whether the file has been Parley's. A file that is not is left alone. */
let wasOurs = false;
/** The database seemed damaged when it was closed. */
let isSuspect = false;
/** The file was lost while sessions were recorded in it. */
let wasLost = false;
/** Problem of the file or the disk found during the current group. */
let trouble: Failure | undefined;

/** Opened at the first group, and again after a failure, because the disk may work again. */
function opened() {
  if (!open) {
    const db = whileLocked(openOrBeginAnew);
    try {
      open = { db, sql: operations(db, whileLocked), file: new FileWatch(options.path) };
      wasOurs = true;
    } catch (error) {
      db.close();
      throw error;
    }
  }
  return open;
}

/** A damaged file of Parley is moved aside, and a new one begins. */
function openOrBeginAnew(): Database {
  try {
    const isUnknown = !wasOurs && sizeOf(options.path) <= MOST_CHECKED_BYTES;
    const db = openDatabase(options);
    if (!(isSuspect || isUnknown) || isWhole(db)) {
      isSuspect = false;
      if (!isUnknown) return db;
      // Anew, without the pages that were read.
      db.close();
      return openDatabase(options);
    }
    db.close();
  } catch (error) {
    if (!isDamage(error) || !(wasOurs || isParleys(options.path))) throw error;
  }
  isSuspect = false;
  wasLost = true;
  const aside = moveAside(options.path);
  const cause = trouble ? `${trouble.message}; ` : '';
  trouble = failure(
    new Error(`${cause}the file is damaged and was moved to ${aside}; recording begins again in a new one`),
  );
  return openDatabase(options);
}

/** So that what became of a damaged file is reported at once. */
function checkContent(): void {
  try {
    opened();
  } catch (error) {
    noteTrouble(error);
  }
}

function isWhole(db: Database): boolean {
  try {
    return db.pragma('quick_check(1)', { simple: true }) === 'ok';
  } catch (error) {
    if (isDamage(error)) return false;
    db.close();
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof SqliteError && /^SQLITE_(CORRUPT|NOTADB)/u.test(error.code);
}

/** Closes a file that was deleted, replaced or overwritten, so that recording begins again in the one that is there, or in a new one. */
function checkFile(): void {
  const change = open?.file.change();
  if (!open || !change) return;
  wasLost = true;
  // Before it is closed: SQLite would write its log into it.
  const aside = change === 'overwritten' ? `, and was moved to ${moveAside(options.path)}` : '';
  const { file } = open;
  noteTrouble(new Error(`the file was ${change} while the server ran${aside}; recording begins again`));
  file.removeBeside();
}

function failure(error: unknown): Failure {
  if (!(error instanceof Error)) return { ok: false, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (wasLost && error instanceof NoSession)
    return { ok: false, message: `the records of ${error.message} were lost with the file` };
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
  isSuspect ||= isDamage(error);
  // The next group reopens the file, which may be repaired or replaced by then.
  close();
}

function close(): void {
  open?.db.close();
  open?.file.close();
  open = undefined;
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
    close();
    port.close();
    return;
  }
  checkFile();
  const { results, transactions } = runWrites(unpacked(message));
  const reads = message.reads.map(runRead);
  if (isSuspect) checkContent();
  const failed = results.flatMap((result, at) => (result.ok ? [] : [{ at, failure: result }]));
  const size = transactions > 0 && open ? { usedBytes: usedBytes(open.db) } : {};
  port.postMessage({ failed, reads, transactions, ...size, ...takeTrouble() } satisfies FromThread);
}

function takeTrouble(): Pick<FromThread, 'trouble'> {
  const found = trouble;
  trouble = undefined;
  return found ? { trouble: found } : {};
}
