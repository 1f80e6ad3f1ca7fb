/** Samples in one window at 16 kHz: 32 ms, the only length that the model supports. */
export const WINDOW = 512;

export interface Row {
  /** The stream's number, which identifies the model's state for it. The state begins with its first row. */
  readonly lane: number;
  /**
   * `WINDOW` samples, not used after the end of the run. With fewer the verdict is on the newest `WINDOW` samples of the stream, and the
   * lane's state stays as it is: these samples come again.
   */
  readonly samples: Int16Array;
}

/** Judges windows of many streams in one run. */
export interface SpeechModel {
  /** Returns one probability for each row, in order; rows of one lane are judged in their order. One run at a time. Rejects if the model fails; the lanes in the run are then lost.
   */
  run(rows: readonly Row[]): Promise<Float32Array>;
  /** Drops the state of a lane. Its number is not reused. */
  end(lane: number): void;
  /** Releases everything. A current run ends or rejects first. Idempotent. */
  close(): Promise<void>;
}

/** Makes a model that has run once. `maxRows` is the maximum number of rows in a run. Rejects when `signal` is aborted, if the model supports that.
 */
export type LoadModel = (path: string, maxRows: number, signal: AbortSignal) => Promise<SpeechModel>;
