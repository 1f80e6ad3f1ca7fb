import { joinedSamples, samplesPerFrame } from '../../machines/audio.ts';
import type { VisemeCue } from '../reply-track.ts';
import type { Bell } from './bell.ts';
import { SegmentVoice, type SegmentVoiceOptions } from './segment-voice.ts';

/** A filler's audio for the track. */
export interface SpokenFiller {
  /** Whole frames at the output rate, the last one padded with silence, because the reply may follow later. */
  readonly samples: Int16Array;
  readonly cues: readonly VisemeCue[];
}

/**
 * A short phrase from the cache. It is gathered completely before any of it is heard, so it is spoken whole or not at
 * all. Failures are not reported.
 */
export class FillerVoice {
  /** True when it is complete or has failed. */
  over = false;
  /** Undefined if it is not available. */
  spoken: SpokenFiller | undefined;
  readonly #stop = new AbortController();

  /** Rings `bell` when it has ended. */
  constructor(options: SegmentVoiceOptions, text: string, bell: Bell) {
    void this.#gather(options, text, bell);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #gather(options: SegmentVoiceOptions, text: string, bell: Bell): Promise<void> {
    const { signal } = this.#stop;
    const voice = new SegmentVoice({ ...options, cachedOnly: true }, { segment: 0, text }, signal, bell);
    const pieces: Int16Array[] = [];
    try {
      while (!signal.aborted) {
        const piece = voice.take();
        if (piece) pieces.push(piece);
        else if (voice.over) break;
        else await bell.next();
      }
      if (!signal.aborted && voice.made > 0) {
        const frame = samplesPerFrame(options.rate);
        const samples = joinedSamples(pieces, Math.ceil(voice.made / frame) * frame);
        this.spoken = { samples, cues: voice.takeCues() };
      }
    } catch {
      // Not in the cache, or its engine failed: the silence continues.
    }
    this.over = true;
    bell.ring();
  }
}
