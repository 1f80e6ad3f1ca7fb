import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';

/** Half a second: unit of memory allocation. */
const CHUNK = PIPELINE_RATE / 2;

/**
 * A session's input audio by sample index, as far back as it may be needed. The ear writes it. STT children read it
 * from before the onset on, so that no first syllable is lost, and from the start again when the user continues.
 */
export class InputAudio {
  readonly #capacity: number;
  readonly #wantedFrom: () => number;
  /** From `#firstChunk` on, which begins at sample `#firstChunk * CHUNK`. */
  readonly #chunks: Int16Array[] = [];
  #firstChunk = 0;
  #spare: Int16Array | undefined;
  #written = 0;
  readonly #readers = new Set<{ position: number; readonly onWrite: () => void }>();

  /**
   * Holds at most `capacitySamples`. `wantedFrom`, called twice a second, returns the oldest sample that may still be
   * read: older ones are dropped unless a reader follows them. Default 0: keep all that fits. `from`: index of the first
   * sample that is written; earlier ones are silence.
   */
  constructor(capacitySamples: number, wantedFrom: () => number = () => 0, from = 0) {
    this.#capacity = capacitySamples;
    this.#wantedFrom = wantedFrom;
    this.#written = from;
  }

  /** Samples written since the session's start: the index of the next one. */
  get written(): number {
    return this.#written;
  }

  /** Samples for which memory is allocated. */
  get held(): number {
    return this.#chunks.length * CHUNK;
  }

  write(samples: Int16Array): void {
    for (let at = 0; at < samples.length; ) {
      const offset = this.#written % CHUNK;
      const chunk = this.#chunkAt(this.#written) ?? this.#grow();
      const count = Math.min(samples.length - at, CHUNK - offset);
      chunk.set(at === 0 && count === samples.length ? samples : samples.subarray(at, at + count), offset);
      at += count;
      this.#written += count;
    }
    for (const { onWrite } of this.#readers) onWrite();
  }

  #chunkAt(sample: number): Int16Array | undefined {
    return this.#chunks[Math.floor(sample / CHUNK) - this.#firstChunk];
  }

  /** Makes room at the end; reuses memory that is not needed any more. */
  #grow(): Int16Array {
    let from = this.#wantedFrom();
    for (const { position } of this.#readers) from = Math.min(from, position);
    from = Math.max(from, this.#written - this.#capacity);
    while (this.#chunks.length > 0 && (this.#firstChunk + 1) * CHUNK <= from) {
      this.#spare = this.#chunks.shift();
      this.#firstChunk += 1;
    }
    if (this.#chunks.length === 0) this.#firstChunk = Math.floor(this.#written / CHUNK);
    const chunk = this.#spare ?? new Int16Array(CHUNK);
    this.#spare = undefined;
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Returns a copy of the kept audio from `from` on, at most `limit` samples; dropped samples are omitted. */
  read(from: number, limit: number): { readonly from: number; readonly samples: Int16Array } {
    const start = Math.max(0, from, this.#written - this.#capacity, this.#firstChunk * CHUNK);
    const count = Math.max(0, Math.min(limit, this.#written - start));
    const samples = new Int16Array(count);
    for (let at = 0; at < count; ) {
      const chunk = this.#chunkAt(start + at);
      if (!chunk) break;
      const offset = (start + at) % CHUNK;
      const piece = chunk.subarray(offset, offset + count - at);
      samples.set(piece, at);
      at += piece.length;
    }
    return { from: start, samples };
  }

  /**
   * Yields the audio from `from` up to `to` as it arrives, in pieces of at most `pieceSamples`, until `finished` is aborted
   * (then up to what was written at that moment). Silence precedes the session's first sample.
   */
  async *follow(
    from: number,
    finished: AbortSignal,
    pieceSamples = PIPELINE_RATE / 10,
    to = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Pcm<PipelineRate>, void, void> {
    let end = to;
    let wake: (() => void) | undefined;
    const reader = { position: from, onWrite: () => wake?.() };
    const onFinish = () => {
      end = Math.min(to, this.#written);
      wake?.();
    };
    if (finished.aborted) onFinish();
    this.#readers.add(reader);
    finished.addEventListener('abort', onFinish);
    try {
      if (from < 0) {
        // Recognisers expect silence before speech, even where the session begins with speech.
        yield { rate: PIPELINE_RATE, samples: new Int16Array(-from) };
        reader.position = 0;
      }
      for (;;) {
        const piece = this.read(reader.position, Math.min(pieceSamples, end - reader.position));
        reader.position = Math.max(reader.position, piece.from) + piece.samples.length;
        if (piece.samples.length > 0) yield { rate: PIPELINE_RATE, samples: piece.samples };
        else if (reader.position >= end) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
        }
      }
    } finally {
      this.#readers.delete(reader);
      finished.removeEventListener('abort', onFinish);
    }
  }
}
