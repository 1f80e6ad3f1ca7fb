import type { JournalRow } from './journal-statements.ts';
import type { Read, Write } from './operations.ts';

/** Main thread → SQLite's thread. One group at a time. */
export type ToThread =
  | ({ readonly type: 'group'; readonly reads: readonly Read[] } & PackedWrites)
  | { readonly type: 'close' };

export interface Failure {
  readonly ok: false;
  readonly message: string;
  /** A code of SQLite, such as `SQLITE_FULL`, of the system, such as `EACCES`, `SESSION_DELETED` or `EPOCH_SUPERSEDED`. */
  readonly code?: string;
}
export type Result = { readonly ok: true; readonly value: unknown } | Failure;

/** SQLite's thread → main thread: the answer to a group. */
export interface FromThread {
  /** The failed writes: index in the group, and reason. */
  readonly failed: readonly { readonly at: number; readonly failure: Failure }[];
  /** In the order of the group. */
  readonly reads: readonly Result[];
  /** Transactions committed for the group: one, or more if writes had to be retried separately. */
  readonly transactions: number;
  /** Bytes used by all data, if anything was committed. */
  readonly usedBytes?: number;
  /** The problem of the file or the disk, if any. */
  readonly trouble?: Failure;
}

/** The writes of a group, in order. */
interface PackedWrites {
  /** `null` is a placeholder for the next one of `rows`. */
  readonly writes: readonly (Write | null)[];
  /** Journal rows, each as lines. */
  readonly rows: string;
}

/** A row's fields in the order of its lines. */
const FIELDS = 12;

/** Packs writes for the thread. Journal rows, nearly all of the writes, are sent as one text: structured cloning of an object per row would cost the main thread seven times as much (4.2 µs per row instead of 0.6).
 */
export function packed(writes: readonly Write[]): PackedWrites {
  const rows: string[] = [];
  const rest = writes.map((write) => {
    const lines = write.op === 'appendJournal' ? linesOf(write.args) : undefined;
    if (lines === undefined) return write;
    rows.push(lines);
    return null;
  });
  return { writes: rest, rows: rows.join('\n') };
}

/** Reverses `packed`. */
export function unpacked({ writes, rows }: PackedWrites): Write[] {
  const fields = rows.split('\n');
  let at = 0;
  return writes.map((write) => {
    if (write !== null) return write;
    at += FIELDS;
    return { op: 'appendJournal', args: rowOf(fields.slice(at - FIELDS, at)) };
  });
}

/** Undefined if a text contains a line break; JSON and hashes do not. */
function linesOf(row: JournalRow): string | undefined {
  const { session, source, event, change, commands } = row;
  for (const text of [session, source, event, change, commands]) if (text.includes('\n')) return undefined;
  const { record, seq, t, generation, stale, stateHash, commandsHash } = row;
  return `${session}\n${record}\n${seq}\n${t}\n${source}\n${generation}\n${stale}\n${event}\n${change}\n${commands}\n${stateHash}\n${commandsHash}`;
}

function rowOf(fields: readonly string[]): JournalRow {
  const [session = '', record, seq, t, source = '', generation, stale, event = '', change = '', ...rest] =
    fields;
  const [commands = '', stateHash = '', commandsHash] = rest;
  if (commandsHash === undefined) throw new RangeError('there are fewer rows than places for them');
  const numbers = { record: Number(record), seq: Number(seq), t: Number(t), generation: Number(generation) };
  return {
    session,
    source,
    event,
    change,
    commands,
    stateHash,
    commandsHash,
    ...numbers,
    stale: stale === 'true',
  };
}
