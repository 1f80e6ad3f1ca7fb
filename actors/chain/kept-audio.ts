import { type Pcm, samplesInMs } from '../../machines/audio.ts';

/** An utterance that several readers can each read from its start. If nothing is kept, one reader can read it once. */
export class KeptAudio<Rate extends number> {
  readonly #source: AsyncIterator<Pcm<Rate>>;
  readonly #onEnd: () => void;
  readonly #maxMs: number | undefined;
  readonly #pieces: Pcm<Rate>[] = [];
  readonly #waiting = new Set<() => void>();
  #samples = 0;
  #outcome: { readonly error?: unknown } | undefined;

  /**
   * Beyond `maxMs` the audio is read and dropped. Without `maxMs` all audio is passed on and none is kept. `onEnd` is
   * called when the utterance ends for any reason.
   */
  constructor(source: AsyncIterable<Pcm<Rate>>, maxMs: number | undefined, onEnd: () => void) {
    this.#source = source[Symbol.asyncIterator]();
    this.#onEnd = onEnd;
    this.#maxMs = maxMs;
    void this.#pump();
  }

  /** Throws the source's error. */
  async *read(): AsyncGenerator<Pcm<Rate>> {
    for (let at = 0; ; ) {
      while (at >= this.#pieces.length) {
        if (this.#outcome?.error !== undefined) throw this.#outcome.error;
        if (this.#outcome) return;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      const piece = this.#maxMs === undefined ? this.#pieces.shift() : this.#pieces[at++];
      if (piece) yield piece;
    }
  }

  /** Ends the utterance for the readers where it is. The source is asked to return, but not awaited. */
  stop(): void {
    if (this.#outcome) return;
    this.#end({});
    this.#source.return?.()?.catch(() => {});
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#source.next();
        if (this.#outcome) return;
        if (done) break;
        this.#keep(value);
      }
      this.#end({});
    } catch (error) {
      this.#end({ error });
    }
  }

  #keep(pcm: Pcm<Rate>): void {
    const room = this.#maxMs === undefined ? Infinity : samplesInMs(this.#maxMs, pcm.rate) - this.#samples;
    if (room <= 0) return;
    const samples = pcm.samples.length > room ? pcm.samples.subarray(0, room) : pcm.samples;
    this.#samples += samples.length;
    this.#pieces.push({ rate: pcm.rate, samples });
    this.#wake();
  }

  #end(outcome: { readonly error?: unknown }): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#wake();
    this.#onEnd();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
