/** Facts about a session that never change. They say whose it is. */
export interface SessionOpening {
  /** Wall-clock time of the start, ISO 8601. */
  readonly startedAt: string;
  /** BCP 47. */
  readonly language: string;
  /** Who speaks. Absent: unknown. */
  readonly user?: string;
  /** Digest of the client's secret: a client that gives it may resume the session. */
  readonly proof: string;
}

/** Everything about a record but the snapshot. */
export interface SessionRecordHead {
  /** Name of the process that runs the session. Empty: its process has left it for another. */
  readonly owner: string;
  /** Counts the connections of the client. It never falls, and is at least the newest that the client has seen. */
  readonly epoch: number;
  /** Wall-clock time, ms since 1970, until which the owner has the session. 0: it has left it. */
  readonly leaseUntilMs: number;
  /** Format of the snapshot. */
  readonly contextVersion: number;
  readonly opening: SessionOpening;
}

/** What the next process needs to resume a session. */
export interface SessionRecord extends SessionRecordHead {
  /** JSON; see `actors/records/snapshot.ts`. */
  readonly snapshot: string;
}

/** A record that was written. */
export interface RecordChange {
  readonly session: string;
  readonly revision: number;
  /** Undefined: the record was deleted. */
  readonly head: SessionRecordHead | undefined;
}

/**
 * Records of live sessions, by session id. One process at a time can write a record: each write names the revision that it
 * replaces.
 */
export interface SessionRecords {
  /** Undefined: no such session. */
  load(session: string): Promise<{ readonly record: SessionRecord; readonly revision: number } | undefined>;
  /**
   * Replaces the record of this revision; 0 creates one. Resolves with the new revision, which is higher, once a crash cannot
   * lose it. Rejects with EPOCH_SUPERSEDED if another process has written meanwhile: stop at once, with no effect outside. Rejects
   * with SESSION_DELETED if the record is gone. Any other error leaves unknown whether it was written.
   *
   * `urgent`: an effect waits for it. Otherwise the store may gather writes of a moment.
   */
  save(session: string, record: SessionRecord, revision: number, urgent?: boolean): Promise<number>;
  /** Deletes the record of this revision. Rejects like `save`. */
  delete(session: string, revision: number): Promise<void>;
  /**
   * Reports each present record, then each change, in the order of revisions of a session. Several changes in quick succession may be
   * reported as the last of them. Resolves when all present ones were reported, with a function that ends it.
   */
  watch(onChange: (change: RecordChange) => void): Promise<() => void>;
}
