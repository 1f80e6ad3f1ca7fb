import { msOfSamples, type Pcm, PIPELINE_RATE, type PipelineRate } from '../machines/audio.ts';

/**
 * The last seconds of a session's input, by sample index. The ear writes it; STT children read it from before
 * the onset on, so that no first syllable is lost, and again from the start when the user goes on.
 */
export class InputAudio {
  readonly #ring: Int16Array;
  #written = 0;
  readonly #listeners = new Set<() => void>();

  constructor(capacitySamples: number) {
    this.#ring = new Int16Array(capacitySamples);
  }

  /** Samples written since the session's start: the index of the next one. */
  get written(): number {
    return this.#written;
  }

  /** How long ago `sample` was heard, in ms, judged by the audio that came since. */
  ageMs(sample: number): number {
    return Math.max(0, msOfSamples(this.#written - sample, PIPELINE_RATE));
  }

  write(samples: Int16Array): void {
    const { length } = this.#ring;
    const kept = samples.length > length ? samples.subarray(samples.length - length) : samples;
    const at = (this.#written + samples.length - kept.length) % length;
    const head = Math.min(kept.length, length - at);
    this.#ring.set(kept.subarray(0, head), at);
    this.#ring.set(kept.subarray(head), 0);
    this.#written += samples.length;
    for (const listener of this.#listeners) listener();
  }

  /** A copy of what there is from `from` on, at most `limit` samples; older samples than the ring holds are gone. */
  read(from: number, limit: number): { readonly from: number; readonly samples: Int16Array } {
    const { length } = this.#ring;
    const start = Math.max(0, from, this.#written - length);
    const count = Math.max(0, Math.min(limit, this.#written - start));
    const samples = new Int16Array(count);
    const at = start % length;
    const head = Math.min(count, length - at);
    samples.set(this.#ring.subarray(at, at + head));
    samples.set(this.#ring.subarray(0, count - head), head);
    return { from: start, samples };
  }

  /**
   * The audio from `from` on as it comes, in pieces of at most `pieceSamples`, until `finished` is aborted (then up to
   * what was written at that moment). Before the session's first sample there is silence.
   */
  async *follow(
    from: number,
    finished: AbortSignal,
    pieceSamples = PIPELINE_RATE / 10,
  ): AsyncGenerator<Pcm<PipelineRate>, void, void> {
    let position = from;
    let end = Number.POSITIVE_INFINITY;
    let wake: (() => void) | undefined;
    const onWrite = () => wake?.();
    const onFinish = () => {
      end = this.#written;
      wake?.();
    };
    if (finished.aborted) onFinish();
    this.#listeners.add(onWrite);
    finished.addEventListener('abort', onFinish);
    try {
      if (from < 0) {
        // A recogniser wants to hear silence before speech, also where the session begins with speech.
        yield { rate: PIPELINE_RATE, samples: new Int16Array(-from) };
        position = 0;
      }
      for (;;) {
        const piece = this.read(position, Math.min(pieceSamples, end - position));
        position = Math.max(position, piece.from) + piece.samples.length;
        if (piece.samples.length > 0) yield { rate: PIPELINE_RATE, samples: piece.samples };
        else if (position >= end) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
        }
      }
    } finally {
      this.#listeners.delete(onWrite);
      finished.removeEventListener('abort', onFinish);
    }
  }
}
