import type { Played, PlayoutStats } from '../audio/playout.ts';

export const CAPTURE_PROCESSOR = 'parley-capture';
export const PLAYOUT_PROCESSOR = 'parley-playout';

/** Capture thread → page: 20 ms of PCM16 at the pipeline's rate, and how loud it is (RMS, 0..1). */
export interface CaptureMessage {
  readonly pcm: ArrayBuffer;
  readonly level: number;
}

/** Page → playback thread. */
export type PlayoutCommand =
  /** `message` is the binary message as it came; the PCM16LE samples begin at byte `offset`. */
  | {
      readonly type: 'frame';
      readonly generation: number;
      readonly seq: number;
      readonly message: ArrayBuffer;
      readonly offset: number;
    }
  | { readonly type: 'pause'; readonly generation: number; readonly paused: boolean }
  | { readonly type: 'flush'; readonly generation: number }
  | { readonly type: 'silence' }
  | { readonly type: 'resume' }
  | { readonly type: 'reset' };

/** Playback thread → page. */
export interface PlayoutReport {
  readonly reports: readonly Played[];
  readonly stats: PlayoutStats;
}
