import type { JournalHeader, JournalRecord } from '../../machines/journal/record.ts';

/** What another server must know of a session besides its records. */
export interface JournalOpening {
  readonly header: JournalHeader;
  readonly headerHash: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly language: string;
  readonly user?: string;
  /** A client that gives it may continue the session. */
  readonly proof: string;
}

/** Records of a session's journal, as one server appended them at once. Without any it is a fence. */
export interface JournalBatch {
  /** Id of the server. */
  readonly server: string;
  /** Epoch of its lease. */
  readonly epoch: number;
  /** Counts the batches of this server in this epoch, from 0. With the two above it names the batch. */
  readonly number: number;
  /** In the first batch of a session. */
  readonly opening?: JournalOpening;
  readonly records: readonly JournalRecord[];
  /** The stream had more of the journal before it was lost: it is not whole before the next batch. */
  readonly more?: true;
}

export interface StreamedBatch {
  readonly batch: JournalBatch;
  /** Its sequence in the stream, above 0. Grows with each batch, with gaps. */
  readonly seq: number;
  /** Wall-clock time at which it was stored, ms since 1970. */
  readonly atMs: number;
}

/**
 * Journals of sessions, replicated outside their server. Every call may reject with BUS_UNREACHABLE; an append may have
 * arrived nevertheless, even later.
 */
export interface JournalStream {
  /** Maximum size of a batch, in UTF-16 units of its JSON. */
  readonly maxBatch: number;
  /**
   * Appends only if the last batch of the session has the sequence `last` (0: it has none). Resolves with the sequence of the
   * new one, which is stored safely then, or with undefined if the last one is another.
   */
  append(session: string, batch: JournalBatch, last: number): Promise<number | undefined>;
  /**
   * The batches of a session in order, to at least the one with the sequence `upTo`. Without it they may be out of date. All of them, or
   * those of `from` on, of which there should be few.
   */
  read(session: string, upTo?: number, from?: number): Promise<readonly StreamedBatch[]>;
  /** The last of them. May be out of date, but not if it is before the sequence `known`, which once was there. */
  last(session: string, known?: number): Promise<StreamedBatch | undefined>;
  /** Erases the batches of a session. */
  delete(session: string): Promise<void>;
}
