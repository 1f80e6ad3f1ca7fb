import type { Pcm } from '../../machines/audio.ts';

/** A piece of speech that was made outside. */
export interface SpeechPiece {
  /** At a rate that is the same in all pieces of a speech. */
  readonly pcm: Pcm;
  /** The mouth shape, 0 to 21. */
  readonly viseme?: number | undefined;
}

/** The audio of one reply, made outside. */
export interface OutsideSpeech {
  /** In order, until the speech is complete. Ended at once by `return` if the reply ends before. */
  readonly pieces: AsyncIterableIterator<SpeechPiece, undefined>;
  /** The reply of this generation plays it. Called once, or never if the session does something else by then. */
  onBegin(generation: number): void;
}
