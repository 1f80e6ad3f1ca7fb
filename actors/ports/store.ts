import type { JsonObject } from '../../machines/json.ts';

interface SessionRecord {
  readonly session: string;
  /** Wall-clock time of the start, ISO 8601. */
  readonly startedAt: string;
  readonly language: string;
  /** Who spoke, if it was known. */
  readonly user?: string;
  /** A client that gives it may continue the session after its server's end. Absent: no client. */
  readonly proof?: string;
}

/** A session without an end. */
export interface ContinuableSession extends SessionRecord {
  readonly proof: string;
}

export interface TurnRecord {
  readonly session: string;
  readonly turn: number;
  readonly generation: number;
  readonly userText: string;
  readonly replyText: string;
  readonly heard: string;
  readonly reason: 'completed' | 'interrupted' | 'failed';
  /** ms, by stage; see reply.end in the protocol. */
  readonly timings: JsonObject;
  /** ms from the session's start to the end of the reply. */
  readonly endedAtMs: number;
}

/**
 * Sessions and turns, kept across restarts. Each promise resolves when the record is on disk and rejects with
 * STORE_FAILED.
 */
export interface Store {
  saveSession(record: SessionRecord): Promise<void>;
  endSession(session: string, endedAt: string): Promise<void>;
  /** Saving the same session and generation again replaces the record. */
  saveTurn(record: TurnRecord): Promise<void>;
  sessions(options?: {
    limit?: number;
  }): Promise<
    readonly (Omit<SessionRecord, 'proof'> & { readonly endedAt?: string; readonly turns: number })[]
  >;
  turns(session: string): Promise<readonly TurnRecord[]>;
  /** Waits for pending writes, then closes. */
  close(): Promise<void>;
}
