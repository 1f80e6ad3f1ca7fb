import type { InspectStore, JournalHead } from '../../actors/ports/inspect.ts';
import type { JournalAudio, JournalSink, JournalStore } from '../../actors/ports/journal.ts';
import { canonicalJson } from '../../machines/canonical.ts';
import { ParleyError } from '../../machines/errors.ts';
import { sourceOf } from '../../machines/journal-parse.ts';
import {
  JOURNAL_FORMAT,
  type Journal,
  type JournalHeader,
  type JournalRecord,
} from '../../machines/journal-record.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type {
  AudioRow,
  JournalAsk,
  JournalResult,
  JournalRow,
  JournalWrite,
  StoredHead,
} from './journal-protocol.ts';

/** The two ways to SQLite's thread. Writes join the group that is waiting; asks come after it. */
export interface JournalThread {
  write(write: JournalWrite): Promise<void>;
  /** As `write`, in order with it, but it may wait a little for others. `told` is called later, once, when it is on disk or has failed. Never throws. */
  writeInTime(write: JournalWrite, told: (error?: Error) => void): void;
  /** What waits is to go now. */
  hurry(): void;
  ask(ask: JournalAsk): Promise<JournalResult>;
}

/** Rows fetched at once: some MB. */
const ROWS = 4_000;
const PIECES = 200;
const DEFAULT_LIMIT = 1_000;

/** Journals in the store's SQLite file. */
export function sqliteJournals(thread: JournalThread): JournalStore & InspectStore {
  const { ask } = thread;

  async function head(session: string): Promise<StoredHead> {
    const found = expect(await ask({ op: 'journalHead', session }), 'journalHead').head;
    if (!found) throw new ParleyError('SESSION_UNKNOWN', `no journal of ${session}`);
    return found;
  }

  async function rows(session: string): Promise<JournalRow[]> {
    const all: JournalRow[] = [];
    for (;;) {
      const from = (all.at(-1)?.record ?? -1) + 1;
      const page = expect(await ask({ op: 'journalRows', session, from, limit: ROWS }), 'journalRows').rows;
      all.push(...page);
      if (page.length < ROWS) return all;
    }
  }

  return {
    openJournal: (header, headerHash, onFailure) => sink(thread, header, headerHash, onFailure),
    journals: async ({ limit = DEFAULT_LIMIT } = {}) =>
      expect(await ask({ op: 'journals', limit }), 'journals').rows,
    readJournal: async (session) => journalOf(await head(session), await rows(session)),
    readAudio: async (session) => {
      const all: JournalAudio[] = [];
      for (;;) {
        const page = expect(
          await ask({ op: 'audio', session, from: all.length, limit: PIECES }),
          'audio',
        ).rows;
        all.push(...page.map(audioOf));
        if (page.length < PIECES) return all;
      }
    },
    importJournal: async ({ header, headerHash, records, footer }, audio) => {
      const { session } = header;
      await ask({
        op: 'importJournal',
        head: { ...headOf(header, headerHash), status: footer.status, records: footer.records },
        rows: records.map((record) => ({ session, ...record })),
        audio: audio.map((piece) => audioRow(session, piece)),
      });
    },
    overviews: async ({ status, except, ...query }) => {
      const lists = { ...(status && { status: [...status] }), ...(except && { except: [...except] }) };
      return expect(await ask({ op: 'overviews', query: { ...query, ...lists } }), 'overviews').rows;
    },
    journalHead: async (session) => headAsRead(await head(session)),
    journalRecords: async (session, from, limit) =>
      expect(await ask({ op: 'journalRows', session, from, limit }), 'journalRows').rows.map(recordOf),
    journalAudio: async (session, from, limit) =>
      expect(await ask({ op: 'audio', session, from, limit }), 'audio').rows.map(audioOf),
    deleteSession: async (session) =>
      expect(await ask({ op: 'deleteSession', session }), 'deleteSession').known,
    prune: async (limits) =>
      expect(await ask({ op: 'prune', ...limits, except: [...limits.except] }), 'prune').deleted,
  };
}

/** One session's way in. The first write that fails ends it: a chain with a hole is of no use. */
function sink(
  thread: JournalThread,
  header: JournalHeader,
  headerHash: string,
  onFailure: (error: Error) => void,
): JournalSink {
  const { session } = header;
  let failure: Error | undefined;
  let records = 0;
  let over = false;
  /** Writes handed over, and those of them that were answered. */
  let handed = 0;
  let answered = 0;
  const waiting: { readonly upTo: number; readonly go: () => void }[] = [];

  function hand(one: JournalWrite): void {
    handed += 1;
    thread.writeInTime(one, told);
  }

  function told(error?: Error): void {
    answered += 1;
    if (error) fail(error);
    while (waiting[0] && waiting[0].upTo <= answered) waiting.shift()?.go();
  }

  /** Resolves when all that was handed over so far is answered. */
  function allAnswered(): Promise<void> {
    if (answered === handed) return Promise.resolve();
    thread.hurry();
    return new Promise((go) => waiting.push({ upTo: handed, go }));
  }

  function fail(thrown: unknown): void {
    if (failure) return;
    failure = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Once now, while the disk may have room for it, and once at the end.
    markEnd().catch(() => {});
    onFailure(failure);
  }

  function markEnd(): Promise<void> {
    return thread.write({
      op: 'endJournal',
      session,
      status: failure ? 'incomplete' : 'ended',
      records: failure ? null : records,
      endedAt: new Date().toISOString(),
    });
  }

  hand({ op: 'openJournal', head: headOf(header, headerHash) });

  return {
    append(record) {
      if (failure || over) return;
      records += 1;
      hand({ op: 'appendJournal', row: { session, ...record } });
    },
    audio(piece) {
      if (!failure && !over) hand({ op: 'saveAudio', audio: audioRow(session, piece) });
    },
    async durable() {
      if (!failure) await allAnswered();
      if (failure) throw failure;
    },
    async end() {
      over = true; // what a dying child still says comes too late to be stale
      await allAnswered();
      await markEnd().catch(fail);
    },
  };
}

function headOf(header: JournalHeader, headerHash: string) {
  const { parameters, input, ...facts } = header;
  return { ...facts, parameters: canonicalJson(parameters), input: canonicalJson(input), headerHash };
}

function journalOf(head: StoredHead, rows: readonly JournalRow[]): Journal {
  return { ...headAsRead(head), records: rows.map(recordOf) };
}

function headAsRead(head: StoredHead): JournalHead {
  const { format, session, machine, version, startedAt, headerHash, status, records } = head;
  if (format !== JOURNAL_FORMAT)
    throw new ParleyError('JOURNAL_FORMAT', `format ${format} of ${session}; known: ${JOURNAL_FORMAT}`);
  return {
    header: {
      format,
      session,
      machine,
      version,
      startedAt,
      // What they are is the recording version's affair; the header's hash says whether they are as it wrote them.
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
    throw new ParleyError('JOURNAL_ALTERED', 'the header is no JSON', { cause });
  }
}

function audioRow(session: string, { direction, generation, sample, rate, samples }: JournalAudio): AudioRow {
  const pcm = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return { session, direction, generation, sample, rate, pcm };
}

function audioOf({ direction, generation, sample, rate, pcm }: AudioRow): JournalAudio {
  return { direction, generation, sample, rate, samples: new Int16Array(Uint8Array.from(pcm).buffer) };
}

function expect<Op extends JournalResult['op']>(
  result: JournalResult,
  op: Op,
): Extract<JournalResult, { op: Op }> {
  if (!is(result, op))
    throw new ParleyError('STORE_FAILED', `the thread answered ${result.op} instead of ${op}`);
  return result;
}

function is<Op extends JournalResult['op']>(
  result: JournalResult,
  op: Op,
): result is Extract<JournalResult, { op: Op }> {
  return result.op === op;
}
