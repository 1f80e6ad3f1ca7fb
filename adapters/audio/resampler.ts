import loadSpeex, { type SpeexModule } from '@echogarden/speex-resampler-wasm/simd';
import type { Resampler, ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { Pcm } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';

/** Quality, 0 to 10. At 5 the filter has 80 taps of the lower rate: 2.5 ms of delay at 16 kHz, aliases more than 60 dB down, and a pass band that is flat up to 0.9 of its width.
 */
const QUALITY = 5;
/** Size of the shared scratch memory, in samples. */
const CHUNK = 4_096;
const INT32_BYTES = 4;
const INT16_BYTES = 2;

interface Scratch {
  readonly input: number;
  readonly inputLength: number;
  readonly output: number;
  readonly outputLength: number;
}

let shared: Promise<ResamplerFactory> | undefined;

/**
 * Speex resampling in one WebAssembly instance that all streams of the process share. A stream costs a few
 * KiB until `close()`. Output is aligned with input: the filter's delay is cut from the start and comes with
 * `flush()`, so that a stream of n samples gives n × to / from, rounded. Equal rates pass without copying.
 */
export function speexResampler(): Promise<ResamplerFactory> {
  shared ??= loadSpeex().then((speex) => resamplerOn(speex));
  return shared;
}

/** The factory on a given instance, for tests that watch its memory; otherwise use `speexResampler()`.
 *
 * @internal
 */
export function resamplerOn(speex: SpeexModule): ResamplerFactory {
  const scratch: Scratch = {
    input: allocate(speex, CHUNK * INT16_BYTES),
    inputLength: allocate(speex, INT32_BYTES),
    output: allocate(speex, CHUNK * INT16_BYTES),
    outputLength: allocate(speex, INT32_BYTES),
  };
  return {
    create: (from, to) => {
      checkRate(from);
      checkRate(to);
      return Number(from) === Number(to) ? new Identity(from, to) : new SpeexStream(speex, scratch, from, to);
    },
  };
}

function allocate(speex: SpeexModule, bytes: number): number {
  const pointer = speex._malloc(bytes);
  if (pointer === 0) throw new ParleyError('INTERNAL', 'the resampler is out of memory');
  return pointer;
}

function checkRate(rate: number): void {
  if (!Number.isInteger(rate) || rate < 1_000 || rate > 384_000)
    throw new ParleyError('INTERNAL', `cannot resample a rate of ${rate} Hz`);
}

/** Common checks of every stream: correct input rate, no use after close. */
abstract class Stream<From extends number, To extends number> implements Resampler<From, To> {
  readonly from: From;
  readonly to: To;
  #closed = false;

  constructor(from: From, to: To) {
    this.from = from;
    this.to = to;
  }

  push(pcm: Pcm<From>): Pcm<To> {
    this.#check();
    if (pcm.rate !== this.from)
      throw new ParleyError('INTERNAL', `audio of ${pcm.rate} Hz for a resampler from ${this.from} Hz`);
    return { rate: this.to, samples: this.convert(pcm.samples) };
  }

  flush(): Pcm<To> {
    this.#check();
    return { rate: this.to, samples: this.finish() };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.free();
  }

  #check(): void {
    if (this.#closed) throw new ParleyError('INTERNAL', 'the resampler is closed');
  }

  protected abstract convert(samples: Int16Array): Int16Array;
  protected abstract finish(): Int16Array;
  protected abstract free(): void;
}

class Identity<From extends number, To extends number> extends Stream<From, To> {
  protected convert(samples: Int16Array): Int16Array {
    return samples;
  }

  protected finish(): Int16Array {
    return new Int16Array(0);
  }

  protected free(): void {}
}

class SpeexStream<From extends number, To extends number> extends Stream<From, To> {
  readonly #speex: SpeexModule;
  readonly #scratch: Scratch;
  readonly #state: number;
  /** Counts of the current stream. */
  #samplesIn = 0;
  #samplesOut = 0;

  constructor(speex: SpeexModule, scratch: Scratch, from: From, to: To) {
    super(from, to);
    this.#speex = speex;
    this.#scratch = scratch;
    this.#state = speex._speex_resampler_init(1, from, to, QUALITY, scratch.inputLength);
    if (this.#state === 0)
      throw new ParleyError('INTERNAL', `no resampler from ${from} to ${to} Hz: out of memory`);
    speex._speex_resampler_skip_zeros(this.#state);
  }

  protected convert(samples: Int16Array): Int16Array {
    this.#samplesIn += samples.length;
    const output = this.#run(samples);
    this.#samplesOut += output.length;
    return output;
  }

  protected finish(): Int16Array {
    const total = Math.round((this.#samplesIn * this.to) / this.from);
    const missing = Math.max(0, total - this.#samplesOut);
    // One sample more than the delay: the last output may lie just before the next input.
    const delay = this.#speex._speex_resampler_get_input_latency(this.#state) + 1;
    const tail = missing === 0 ? new Int16Array(0) : this.#run(new Int16Array(delay)).slice(0, missing);
    this.#speex._speex_resampler_reset_mem(this.#state);
    this.#speex._speex_resampler_skip_zeros(this.#state);
    this.#samplesIn = 0;
    this.#samplesOut = 0;
    return tail;
  }

  protected free(): void {
    this.#speex._speex_resampler_destroy(this.#state);
  }

  #run(samples: Int16Array): Int16Array {
    const speex = this.#speex;
    const { input, inputLength, output, outputLength } = this.#scratch;
    const ratio = this.to / this.from;
    // Spare room: the output length of a piece depends on where the last one ended.
    const result = new Int16Array(Math.ceil(samples.length * ratio) + Math.ceil(ratio) + 2);
    let used = 0;
    let given = 0;
    let full = false;
    while (used < samples.length || full) {
      const piece = samples.subarray(used, used + CHUNK);
      speex.HEAP16.set(piece, input / INT16_BYTES);
      speex.HEAP32[inputLength / INT32_BYTES] = piece.length;
      speex.HEAP32[outputLength / INT32_BYTES] = CHUNK;
      const failure = speex._speex_resampler_process_int(
        this.#state,
        0,
        input,
        inputLength,
        output,
        outputLength,
      );
      const taken = speex.HEAP32[inputLength / INT32_BYTES] ?? 0;
      const made = speex.HEAP32[outputLength / INT32_BYTES] ?? 0;
      if (failure !== 0 || (piece.length > 0 && taken === 0 && made === 0))
        throw new ParleyError('INTERNAL', `the resampler failed with ${failure}`);
      const start = output / INT16_BYTES;
      result.set(speex.HEAP16.subarray(start, start + made), given);
      used += taken;
      given += made;
      full = made === CHUNK;
    }
    return result.subarray(0, given);
  }
}
