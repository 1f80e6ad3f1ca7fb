import { z } from 'zod';
import type { InspectStore, JournalHead } from '../../actors/ports/inspect.ts';
import type { JournalAudio, JournalSink, JournalStore } from '../../actors/ports/journal.ts';
import { ParleyError } from '../../machines/errors.ts';
import {
  type JournalFooter,
  type JournalHeader,
  type JournalRecord,
  requireFormat,
  sourceOf,
} from '../../machines/journal/record.ts';
import { canonicalJson } from '../../machines/json.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import type { AudioRow, JournalRow, StoredHead } from './journal-statements.ts';
import type { Reads, Write } from './operations.ts';
import { type TurnRow, turnSchema } from './session-statements.ts';

/** Access to SQLite's thread. Writes join the waiting group; reads run after it. */
export interface SqliteThread {
  write(write: Write): Promise<void>;
  /**
   * Like `write` and in order with it, but may wait a little to be grouped. `onDone` is called later, once, when it is
   * on disk or has failed. Never throws.
   */
  writeInTime(write: Write, onDone: (error?: Error) => void): void;
  /** Sends the waiting group now. */
  hurry(): void;
  read<Op extends keyof Reads>(op: Op, args: Parameters<Reads[Op]>[0]): Promise<ReturnType<Reads[Op]>>;
}

const persistCommand = z.object({ type: z.literal('persist'), turn: turnSchema.omit({ session: true }) });

/** Rows fetched per page: some MB. */
const ROWS = 4_000;
const PIECES = 200;
/** Maximum pending records of an import. */
const IMPORTED = 1_000;
const DEFAULT_LIMIT = 1_000;

/** Journals in the store's SQLite file. */
export function sqliteJournals(thread: SqliteThread): Omit<JournalStore, 'onSize'> & InspectStore {
  const { read, write } = thread;

  async function head(session: string): Promise<JournalHead> {
    const found = await read('journalHead', session);
    if (!found) throw new ParleyError('SESSION_UNKNOWN', `no journal of ${session}`);
    return headAsRead(found);
  }

  const records = async (session: string, from: number, limit: number) =>
    (await read('journalRows', { session, from, limit })).map(recordOf);
  const audio = async (session: string, from: number, limit: number) =>
    (await read('audio', { session, from, limit })).map(audioOf);

  return {
    openJournal(header, headerHash, onFailure) {
      const opens: Write = { op: 'openJournal', args: headOf(header, headerHash) };
      return sink(thread, header.session, { records: 0, opens }, onFailure);
    },
    continueJournal: (session, records, onFailure) => sink(thread, session, { records }, onFailure),
    inputEnd: (session) => read('inputEnd', session),
    lastRecord: async (session) => {
      const row = await read('lastJournalRow', session);
      return row && recordOf(row);
    },
    journals: ({ limit = DEFAULT_LIMIT } = {}) => read('journals', limit),
    readJournal: async (session) => ({
      ...(await head(session)),
      records: await all(ROWS, (last) => records(session, (last?.record ?? -1) + 1, ROWS)),
    }),
    readAudio: (session) => all(PIECES, (_last, from) => audio(session, from, PIECES)),
    importJournal: async ({ header, headerHash }, pieces) => {
      const { session, startedAt, input } = header;
      await write({ op: 'openJournal', args: headOf(header, headerHash) });
      const end = (footer: JournalFooter) =>
        write({ op: 'endJournal', args: { session, ...footer, endedAt: new Date().toISOString() } });
      let underway: Promise<void>[] = [];
      let failure: unknown;
      const writeSoon = (one: Write) => {
        underway.push(
          write(one).catch((error) => {
            failure ??= error;
          }),
        );
      };
      const written = async () => {
        await Promise.all(underway);
        underway = [];
        if (failure) throw failure;
      };
      try {
        // It stays `incomplete` if this process ends before the import is complete.
        await end({ status: 'incomplete', records: null });
        const known = z
          .object({ language: z.string().catch(''), user: z.string().exactOptional() })
          .parse(input);
        await write({ op: 'saveSession', args: { session, startedAt, ...known } });
        for await (const piece of pieces) {
          if (piece.type === 'end') {
            await written();
            await end(piece.footer);
            return;
          }
          if (piece.type === 'record') {
            writeSoon({ op: 'appendJournal', args: { session, ...piece.record } });
            for (const turn of turnsOf(piece.record))
              writeSoon({ op: 'saveTurn', args: { ...turn, session } });
          } else writeSoon({ op: 'saveAudio', args: audioRow(session, piece.audio) });
          if (underway.length >= IMPORTED) await written();
        }
        throw new ParleyError('JOURNAL_GAP', `the end of ${session} is missing`);
      } catch (error) {
        await Promise.all(underway);
        await read('deleteSession', session);
        throw error;
      }
    },
    overviews: (query) => read('overviews', query),
    journalHead: head,
    journalRecords: records,
    journalAudio: audio,
    deleteSession: (session) => read('deleteSession', session),
    prune: (limits) => read('prune', limits),
  };
}

/** The turns that ended with this record. */
function turnsOf({ commands }: JournalRecord): readonly Omit<TurnRow, 'session'>[] {
  if (!commands.includes('"persist"')) return [];
  const made: unknown = JSON.parse(commands);
  return Array.isArray(made)
    ? made.flatMap((command) => persistCommand.safeParse(command).data?.turn ?? [])
    : [];
}

/** All items of a list, read in pages of `size`; `page` gets the last item so far and their number. */
async function all<Item>(
  size: number,
  page: (last: Item | undefined, count: number) => Promise<Item[]>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const next = await page(items.at(-1), items.length);
    for (const item of next) items.push(item);
    if (next.length < size) return items;
  }
}

/** Writer of one session's journal. The first failed write ends it, because a chain with a gap is useless. */
function sink(
  thread: SqliteThread,
  session: string,
  begun: { readonly records: number; readonly opens?: Write },
  onFailure: (error: Error) => void,
): JournalSink {
  let failure: Error | undefined;
  let { records } = begun;
  let over = false;
  /** Number of writes sent, and of those completed. */
  let handed = 0;
  let answered = 0;
  const waiting: { readonly upTo: number; readonly go: () => void }[] = [];

  function hand(one: Write): void {
    handed += 1;
    thread.writeInTime(one, done);
  }

  function done(error?: Error): void {
    answered += 1;
    if (error) fail(error);
    while (waiting[0] && waiting[0].upTo <= answered) waiting.shift()?.go();
  }

  /** Resolves when all writes sent so far have completed. */
  function allAnswered(): Promise<void> {
    if (answered === handed) return Promise.resolve();
    thread.hurry();
    return new Promise((go) => waiting.push({ upTo: handed, go }));
  }

  function fail(thrown: unknown): void {
    if (failure) return;
    failure = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Marked once now, while the disk may have room, and once at the end.
    markEnd().catch(() => {});
    onFailure(failure);
  }

  function markEnd(): Promise<void> {
    return thread.write({
      op: 'endJournal',
      args: {
        session,
        status: failure ? 'incomplete' : 'ended',
        records: failure ? null : records,
        endedAt: new Date().toISOString(),
      },
    });
  }

  if (begun.opens) hand(begun.opens);

  return {
    append(record) {
      if (failure || over) return;
      records += 1;
      hand({ op: 'appendJournal', args: { session, ...record } });
    },
    audio(piece) {
      if (!failure && !over) hand({ op: 'saveAudio', args: audioRow(session, piece) });
    },
    async durable() {
      if (!failure) await allAnswered();
      if (failure) throw failure;
    },
    async end() {
      over = true; // later messages of a closing child are not recorded
      await allAnswered();
      await markEnd().catch(fail);
    },
    async leave() {
      over = true;
      await allAnswered();
    },
  };
}

function headOf(header: JournalHeader, headerHash: string) {
  const { parameters, input, ...facts } = header;
  return { ...facts, parameters: canonicalJson(parameters), input: canonicalJson(input), headerHash };
}

function headAsRead(head: StoredHead): JournalHead {
  const { format, session, machine, version, startedAt, headerHash, status, records } = head;
  requireFormat(format, `session ${session}`);
  return {
    header: {
      format,
      session,
      machine,
      version,
      startedAt,
      // Not parsed: their format belongs to the recording version. The header's hash detects changes.
      parameters: parsed(head.parameters) as SessionParameters,
      input: parsed(head.input) as SessionInput,
    },
    headerHash,
    footer: { status, records },
  };
}

function recordOf({ session, source: name, ...row }: JournalRow): JournalRecord {
  const source = sourceOf(name);
  if (!source) throw new ParleyError('JOURNAL_ALTERED', `record ${row.record} of ${session}: source ${name}`);
  return { ...row, source };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ParleyError('JOURNAL_ALTERED', 'the header is not JSON', { cause });
  }
}

function audioRow(session: string, { direction, generation, sample, rate, samples }: JournalAudio): AudioRow {
  const pcm = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return { session, direction, generation, sample, rate, pcm };
}

function audioOf({ direction, generation, sample, rate, pcm }: AudioRow): JournalAudio {
  return { direction, generation, sample, rate, samples: new Int16Array(Uint8Array.from(pcm).buffer) };
}
