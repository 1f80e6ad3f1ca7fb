/** One ended reply, measured. */
export interface MeasuredTurn {
  /** Of the event that brought it: saving it again changes nothing. */
  readonly id: string;
  readonly session: string;
  readonly turn: number;
  /** Wall-clock time, ISO 8601. */
  readonly at: string;
  /** JSON. */
  readonly facts: string;
}

/** Measured turns, kept for reports. */
export interface AnalyticsStore {
  /** Resolves when it is on disk. */
  save(turn: MeasuredTurn): Promise<void>;
  /** The oldest first. */
  turns(page: {
    readonly since: string;
    readonly from: number;
    readonly limit: number;
  }): Promise<readonly MeasuredTurn[]>;
  /** Deletes turns before this time. */
  prune(before: string): Promise<void>;
}
