/** Samples in one window at 16 kHz: 32 ms. The model takes no other length. */
export const WINDOW = 512;

export interface Row {
  /** The stream's number. What the model remembers of a stream begins with its first row and is kept by this number. */
  readonly lane: number;
  /** `WINDOW` samples; the model is done with them when the run ends. */
  readonly samples: Int16Array;
}

/** Judges windows of many streams in one run. */
export interface SpeechModel {
  /**
   * One probability for each row, in order; rows of one lane are judged in their order. One run at a time. Rejects
   * if the model fails: the lanes in the run are then lost.
   */
  run(rows: readonly Row[]): Promise<Float32Array>;
  /** Forgets a lane. Its number does not come again. */
  end(lane: number): void;
  /** Frees all. A run under way ends or rejects first. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a model that has run once. `maxRows` is the largest number of rows in a run. Rejects when `signal` is aborted,
 * if that can be done.
 */
export type LoadModel = (path: string, maxRows: number, signal: AbortSignal) => Promise<SpeechModel>;
