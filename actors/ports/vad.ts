import type { Pcm, PipelineRate } from '../../machines/audio.ts';

/** One window's verdict: the probability (0..1) that `[startSample, startSample + samples)` is speech. */
export interface VadWindow {
  readonly startSample: number;
  readonly samples: number;
  readonly probability: number;
}

/** The ear of one session. Samples are counted from the session's first. */
export interface VadStream {
  /** Takes audio in order, of any length; never blocks. The samples are the caller's again when it returns. */
  push(pcm: Pcm<PipelineRate>): void;
  /** Forgets everything and frees what is held. No window is told after it. */
  close(): void;
}

/** Voice activity detection for many sessions at once. */
export interface VadEngine {
  readonly name: string;
  /** `onWindow` is called for every window in order; `onError` at most once (VAD_FAILED), after which the stream is dead. */
  open(onWindow: (window: VadWindow) => void, onError: (error: Error) => void): VadStream;
  warm?(): Promise<void>;
  close(): Promise<void>;
}
