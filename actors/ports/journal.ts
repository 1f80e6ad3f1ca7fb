import type { PipelineRate } from '../../machines/audio.ts';
import type {
  Journal,
  JournalFooter,
  JournalHeader,
  JournalRecord,
  JournalStatus,
} from '../../machines/journal/record.ts';

/** One piece of a session's audio. */
export interface JournalAudio {
  readonly direction: 'in' | 'out';
  /** Generation of the reply; 0 for input. */
  readonly generation: number;
  /** Index of its first sample, counted from the start of the session's input or of the reply. */
  readonly sample: number;
  /** Sample rate, Hz. */
  readonly rate: PipelineRate | number;
  readonly samples: Int16Array;
}

/** Part of an imported journal: records and audio in their order, then the end. */
export type JournalPiece =
  | { readonly type: 'record'; readonly record: JournalRecord }
  | { readonly type: 'audio'; readonly audio: JournalAudio }
  | { readonly type: 'end'; readonly footer: JournalFooter };

/** Writer of a session's journal. */
export interface JournalSink {
  /** Appends the next record, synchronously and in order. Never throws: `durable` and `end` report failures. */
  append(record: JournalRecord): void;
  audio(audio: JournalAudio): void;
  /** Resolves when everything appended so far is on disk. Rejects with STORE_FAILED once any of it cannot be stored. */
  durable(): Promise<void>;
  /** Records the journal's end: `ended` only if all of it is on disk. */
  end(): Promise<void>;
  /** Leaves the journal open, for another process. Resolves when all of it is on disk, or cannot be. */
  leave(): Promise<void>;
}

/** Summary of a journal, available without reading it. */
interface JournalSummary {
  readonly session: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly status: JournalStatus;
  readonly records: number;
  /** Approximate size of the records and audio. */
  readonly bytes: number;
  readonly machine: string;
  readonly version: string;
}

export interface RetentionLimits {
  /** Sessions that began before this are deleted; ISO 8601. */
  readonly startedBefore?: string;
  /** The oldest sessions are deleted until the data fit into this size. */
  readonly maxBytes?: number;
  /** Live sessions: never deleted. */
  readonly except: readonly string[];
}

/** Journals, stored with sessions and turns. Rejects with STORE_FAILED unless stated otherwise. */
export interface JournalStore {
  /** Starts a session's journal. */
  openJournal(header: JournalHeader, headerHash: string, onFailure: (error: Error) => void): JournalSink;
  /** Continues the journal of a session that has not ended, after its `records`. */
  continueJournal(session: string, records: number, onFailure: (error: Error) => void): JournalSink;
  /** The newest record of a session's journal; undefined if there is none. */
  lastRecord(session: string): Promise<JournalRecord | undefined>;
  /** Length of a session's input as far as it is stored, in samples. */
  inputEnd(session: string): Promise<number>;
  journals(options?: { limit?: number }): Promise<readonly JournalSummary[]>;
  /** Rejects with SESSION_UNKNOWN. */
  readJournal(session: string): Promise<Journal>;
  readAudio(session: string): Promise<readonly JournalAudio[]>;
  /**
   * Imports a journal, reading `pieces` as it writes. Rejects if that session already has a journal. If `pieces` throws
   * or lacks its end, nothing is stored.
   */
  importJournal(
    head: Pick<Journal, 'header' | 'headerHash'>,
    pieces: Iterable<JournalPiece> | AsyncIterable<JournalPiece>,
  ): Promise<void>;
  /** Deletes all data of a session, from the files too. False if the session is unknown. */
  deleteSession(session: string): Promise<boolean>;
  /** Deletes sessions beyond the limits, oldest first; resolves with the deleted sessions. */
  prune(limits: RetentionLimits): Promise<readonly string[]>;
  /** Calls `listener` after each commit with the size of all data, in bytes. */
  onSize?(listener: (bytes: number) => void): void;
}
