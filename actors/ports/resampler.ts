import type { Pcm } from '../../machines/audio.ts';

/** Changes the rate of one stream of audio. Keeps its filter's state between calls. */
export interface Resampler<From extends number = number, To extends number = number> {
  readonly from: From;
  readonly to: To;
  /** May return fewer or more samples than the ratio implies; over a stream this evens out. */
  push(pcm: Pcm<From>): Pcm<To>;
  /** Returns the rest of the filter and resets it for a new stream. */
  flush(): Pcm<To>;
  close(): void;
}

export interface ResamplerFactory {
  create<From extends number, To extends number>(from: From, to: To): Resampler<From, To>;
}
