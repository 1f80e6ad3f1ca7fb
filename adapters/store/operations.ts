import type { Database } from 'better-sqlite3';
import { analyticsStatements } from './analytics-statements.ts';
import { conversationStatements } from './conversation-statements.ts';
import { deletion } from './deletion.ts';
import { journalStatements } from './journal-statements.ts';
import { memoryStatements } from './memory-statements.ts';
import { outboxStatements } from './outbox-statements.ts';
import { overviewStatements } from './overview-statements.ts';
import { recordStatements } from './record-statements.ts';
import { sessionStatements } from './session-statements.ts';
import type { ThreadGate } from './thread-gate.ts';

/** Size of the probe that the disk must accept for the store to count as usable, in bytes. */
const PROBE_BYTES = 65_536;

/** All operations of the database by name; each takes one argument. The writes of a group share a transaction. The reads run after it, one by one; those that change something have their own transaction.
 */
export function operations(db: Database, whileLocked: ThreadGate['whileLocked']) {
  const sessions = sessionStatements(db);
  const journals = journalStatements(db);
  const conversations = conversationStatements(db);
  const outbox = outboxStatements(db, sessions.writes.saveTurn);
  const analytics = analyticsStatements(db);
  const memories = memoryStatements(db);
  const records = recordStatements(db);
  return {
    writes: {
      ...sessions.writes,
      ...journals.writes,
      ...conversations.writes,
      ...outbox.writes,
      ...analytics.writes,
      ...memories.writes,
      ...records.writes,
    },
    reads: {
      ...sessions.reads,
      ...journals.reads,
      ...conversations.reads,
      ...outbox.reads,
      ...analytics.reads,
      ...memories.reads,
      ...records.reads,
      ...deletion(db, whileLocked, memories.forgetUser),
      overviews: overviewStatements(db),
      /** Reads nothing, but the file is looked at before every group. */
      look(_nothing: null): void {},
      /** Throws if the database cannot grow. */
      probe(_nothing: null): void {
        db.prepare('INSERT INTO probe (bytes) VALUES (zeroblob(?))').run(PROBE_BYTES);
        db.prepare('DELETE FROM probe').run();
      },
    },
  };
}

type Operations = ReturnType<typeof operations>;
type Writes = Operations['writes'];
export type Reads = Operations['reads'];

/** An operation and its argument, as sent to SQLite's thread. */
type Calls<Table> = {
  readonly [Op in keyof Table]: Table[Op] extends (args: infer Args) => unknown
    ? { readonly op: Op; readonly args: Args }
    : never;
}[keyof Table];
export type Write = Calls<Writes>;
export type Read = Calls<Reads>;

/** Runs the operation of `call`. `Calls` pairs each name with its argument, which TypeScript cannot infer here. */
export function run(table: Readonly<Record<string, (args: never) => unknown>>, call: Write | Read): unknown {
  return table[call.op]?.(call.args as never);
}
