import type { Pcm } from '../../machines/audio.ts';

/** Changes the rate of one stream of audio. Keeps its filter's state between calls. */
export interface Resampler<From extends number = number, To extends number = number> {
  readonly from: From;
  readonly to: To;
  /** May give fewer or more samples than the ratio says; over a stream it evens out. */
  push(pcm: Pcm<From>): Pcm<To>;
  /** What is still in the filter. The resampler is free for a new stream after it. */
  flush(): Pcm<To>;
  close(): void;
}

export interface ResamplerFactory {
  create<From extends number, To extends number>(from: From, to: To): Resampler<From, To>;
}
