import type { AudioHeader } from '../../../machines/audio-message.ts';
import type { PlaybackState } from '../../../machines/wire.ts';

/** What to do with the audio received so far. The methods of `Playout` say more. */
export type PlayoutOrder =
  | { readonly type: 'playback'; readonly generation: number; readonly state: PlaybackState }
  | { readonly type: 'flush'; readonly generation: number }
  | { readonly type: 'silence' | 'resume' | 'reset' };

/** Plays the reply's audio and counts what was played. */
export interface Speaker {
  /** Of the audio, in Hz. */
  readonly rate: number;
  /** `message` is the whole binary message, which the speaker may keep; the samples begin behind the header. */
  frame(header: AudioHeader, message: ArrayBuffer): void;
  order(order: PlayoutOrder): void;
  close(): Promise<void>;
}
