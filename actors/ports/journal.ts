import type { PipelineRate } from '../../machines/audio.ts';
import type {
  Journal,
  JournalFooter,
  JournalHeader,
  JournalRecord,
  JournalStatus,
} from '../../machines/journal-record.ts';

/** One piece of a session's audio. */
export interface JournalAudio {
  readonly direction: 'in' | 'out';
  /** Of the reply; 0 for input. */
  readonly generation: number;
  /** Index of its first sample, counted from the start of the session's input or of the reply. */
  readonly sample: number;
  /** In Hz. */
  readonly rate: PipelineRate | number;
  readonly samples: Int16Array;
}

/** A part of a journal that comes from elsewhere: records and audio in their order, then the end. */
export type JournalPiece =
  | { readonly type: 'record'; readonly record: JournalRecord }
  | { readonly type: 'audio'; readonly audio: JournalAudio }
  | { readonly type: 'end'; readonly footer: JournalFooter };

/** A session's journal, being written. */
export interface JournalSink {
  /** Hands the next record over, synchronously and in order. Never throws: what fails is told by `durable` and `end`. */
  append(record: JournalRecord): void;
  audio(audio: JournalAudio): void;
  /** Resolves when all that was appended so far is on disk. Rejects with STORE_FAILED once any of it cannot be. */
  durable(): Promise<void>;
  /** Writes down how it ended: `ended` only if all of it is on disk. */
  end(): Promise<void>;
}

/** What is known of a journal without reading it. */
export interface JournalSummary {
  readonly session: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly status: JournalStatus;
  readonly records: number;
  /** Of the records and audio, roughly. */
  readonly bytes: number;
  readonly machine: string;
  readonly version: string;
}

export interface RetentionLimits {
  /** Sessions that began before this are deleted; ISO 8601. */
  readonly startedBefore?: string;
  /** The oldest sessions are deleted until the data take no more than this. */
  readonly maxBytes?: number;
  /** Live sessions: never deleted. */
  readonly except: readonly string[];
}

/** Journals, kept beside sessions and turns. Rejections are STORE_FAILED unless said otherwise. */
export interface JournalStore {
  /** Begins a session's journal. */
  openJournal(header: JournalHeader, headerHash: string, onFailure: (error: Error) => void): JournalSink;
  journals(options?: { limit?: number }): Promise<readonly JournalSummary[]>;
  /** Rejects with SESSION_UNKNOWN. */
  readJournal(session: string): Promise<Journal>;
  readAudio(session: string): Promise<readonly JournalAudio[]>;
  /**
   * Keeps a journal that comes from elsewhere, reading `pieces` as it writes. Rejects if there is one of that session already.
   * If `pieces` throws or lacks its end, nothing of it stays.
   */
  importJournal(
    head: Pick<Journal, 'header' | 'headerHash'>,
    pieces: Iterable<JournalPiece> | AsyncIterable<JournalPiece>,
  ): Promise<void>;
  /** Removes all that is known of a session, from the files too. False if nothing was known. */
  deleteSession(session: string): Promise<boolean>;
  /** Deletes what is over the limits, oldest first; resolves with the sessions deleted. */
  prune(limits: RetentionLimits): Promise<readonly string[]>;
  /** Calls `listener` after each commit with the bytes that all data take. */
  onSize?(listener: (bytes: number) => void): void;
}
