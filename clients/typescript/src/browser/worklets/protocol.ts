import type { Played, PlayoutStats } from '../../audio/playout.ts';
import type { PlayoutOrder } from '../../speaker.ts';

export const CAPTURE_PROCESSOR = 'parley-capture';
export const PLAYOUT_PROCESSOR = 'parley-playout';

/** Capture thread → page: 20 ms of PCM16 at the session's rate, and how loud it is (RMS, 0..1). */
export interface CaptureMessage {
  readonly pcm: ArrayBuffer;
  readonly level: number;
}

/** Page → playback thread: an order, or a binary message as it came, its PCM16LE samples from byte `offset` on. */
export type PlayoutCommand =
  | PlayoutOrder
  | {
      readonly type: 'frame';
      readonly generation: number;
      readonly seq: number;
      readonly message: ArrayBuffer;
      readonly offset: number;
    };

/** Playback thread → page. */
export interface PlayoutReport {
  readonly reports: readonly Played[];
  readonly stats: PlayoutStats;
}
