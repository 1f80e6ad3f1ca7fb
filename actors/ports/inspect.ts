import type {
  JournalFooter,
  JournalHeader,
  JournalRecord,
  JournalStatus,
} from '../../machines/journal/record.ts';
import type { JournalAudio } from './journal.ts';

/** Summary of a session, available without reading its journal. */
export interface SessionOverview {
  readonly session: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly language?: string;
  /** Status of its journal; absent if it has none. */
  readonly status?: JournalStatus;
  readonly records: number;
  readonly turns: number;
  /** `firstAudio` of the last reply that had one, ms. */
  readonly latencyMs?: number;
  /** Number of errors reported to the user. */
  readonly errors: number;
  /** Code of the last error. */
  readonly lastError?: string;
  /** The user's last words. */
  readonly lastText?: string;
  readonly machine?: string;
  readonly version?: string;
}

/** Position after which a list of sessions continues. */
export interface SessionCursor {
  readonly startedAt: string;
  readonly session: string;
}

export interface OverviewQuery {
  readonly limit: number;
  readonly before?: SessionCursor;
  /** Only sessions with this journal status. */
  readonly status?: readonly JournalStatus[];
  /** Text to find in the id, in the user's words or in replies; ASCII case is ignored. */
  readonly text?: string;
  /** Only sessions in which the user got this error; `any` for any error. */
  readonly error?: string;
  readonly except?: readonly string[];
}

/** A journal without its records. */
export interface JournalHead {
  readonly header: JournalHeader;
  readonly headerHash: string;
  readonly footer: JournalFooter;
}

/** Paged read access to stored sessions. Rejects with STORE_FAILED unless stated otherwise. */
export interface InspectStore {
  /** Newest first. */
  overviews(query: OverviewQuery): Promise<readonly SessionOverview[]>;
  /** Rejects with SESSION_UNKNOWN if that session has no journal. */
  journalHead(session: string): Promise<JournalHead>;
  /** At most `limit` records from record `from` on, in order. */
  journalRecords(session: string, from: number, limit: number): Promise<readonly JournalRecord[]>;
  /** At most `limit` pieces after the first `from`, in the order in which they were recorded. */
  journalAudio(session: string, from: number, limit: number): Promise<readonly JournalAudio[]>;
}
