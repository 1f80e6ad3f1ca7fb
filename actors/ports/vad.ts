import type { Pcm, PipelineRate } from '../../machines/audio.ts';

/** Result for one window: the probability (0..1) that `[startSample, startSample + samples)` is speech. */
export interface VadWindow {
  readonly startSample: number;
  readonly samples: number;
  readonly probability: number;
  /**
   * Of an early verdict: the probability is that of the newest `judged` samples, of which only the window's are new. They come again
   * in the complete window.
   */
  readonly judged?: number;
}

/** Voice activity detection of one session. Samples are counted from the session's first. */
export interface VadStream {
  /** Takes audio in order, of any length; never blocks. The caller may reuse `samples` when it returns. */
  push(pcm: Pcm<PipelineRate>): void;
  /**
   * Turns early verdicts on or off; off at first. While on, a push that ends within a window is followed by one early verdict, unless
   * more audio comes before it is judged or the engine is short of time. Without this method there are none.
   */
  hurry?(on: boolean): void;
  /** Drops all state and frees its resources. No window is reported after it. */
  close(): void;
}

/** Voice activity detection for many sessions at once. */
export interface VadEngine {
  readonly name: string;
  /** Length of each window, in samples. Default 512. */
  readonly windowSamples?: number;
  /**
   * Calls `onWindow` for every window in order, with early verdicts between them, and `onError` at most once (VAD_FAILED), after which the stream is
   * dead.
   */
  open(onWindow: (window: VadWindow) => void, onError: (error: Error) => void): VadStream;
  warm?(): Promise<void>;
  close(): Promise<void>;
}
