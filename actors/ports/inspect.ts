import type {
  JournalFooter,
  JournalHeader,
  JournalRecord,
  JournalStatus,
} from '../../machines/journal-record.ts';
import type { JournalAudio } from './journal.ts';

/** What is known of a session without reading its journal. */
export interface SessionOverview {
  readonly session: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly language?: string;
  /** How its journal stands; absent if it has none. */
  readonly status?: JournalStatus;
  readonly records: number;
  readonly turns: number;
  /** `firstAudio` of the last reply that had one, in ms. */
  readonly latencyMs?: number;
  /** Errors that the user was told. */
  readonly errors: number;
  /** Code of the last one. */
  readonly lastError?: string;
  /** What the user said last. */
  readonly lastText?: string;
  readonly machine?: string;
  readonly version?: string;
}

/** Where a list of sessions goes on: behind this one. */
export interface SessionCursor {
  readonly startedAt: string;
  readonly session: string;
}

export interface OverviewQuery {
  readonly limit: number;
  readonly before?: SessionCursor;
  /** Only sessions whose journal stands so. */
  readonly status?: readonly JournalStatus[];
  /** Found in the id, in what was said or in what was replied; upper and lower case of ASCII are one. */
  readonly text?: string;
  /** Only sessions in which the user was told this error; `any` for whatever error. */
  readonly error?: string;
  readonly except?: readonly string[];
}

/** A journal without its records. */
export interface JournalHead {
  readonly header: JournalHeader;
  readonly headerHash: string;
  readonly footer: JournalFooter;
}

/** What one looks up in the store afterwards, a page at a time. Rejections are STORE_FAILED unless said otherwise. */
export interface InspectStore {
  /** Newest first. */
  overviews(query: OverviewQuery): Promise<readonly SessionOverview[]>;
  /** Rejects with SESSION_UNKNOWN if there is no journal of that session. */
  journalHead(session: string): Promise<JournalHead>;
  /** At most `limit` records from record `from` on, in order. */
  journalRecords(session: string, from: number, limit: number): Promise<readonly JournalRecord[]>;
  /** At most `limit` pieces after the first `from`, in the order in which they were recorded. */
  journalAudio(session: string, from: number, limit: number): Promise<readonly JournalAudio[]>;
}
