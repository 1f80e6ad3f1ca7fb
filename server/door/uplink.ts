import type { Resampler, ResamplerFactory } from '../../actors/ports/resampler.ts';
import { type InputRate, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { PaceWatch } from './pace-watch.ts';
import { TokenBucket } from './token-bucket.ts';

const BYTES_PER_SAMPLE = 2;

/** Resamples the client's audio to the pipeline rate and numbers its samples from the session's first. Refused audio leaves no gap in the numbers.
 */
export class Uplink {
  readonly #bucket: TokenBucket;
  readonly #inputRate: InputRate;
  readonly #resampler: Resampler<InputRate, PipelineRate> | undefined;
  readonly #send: (pcm: Uint8Array, sample: number) => void;
  #nextSample = 0;
  /** What audio that arrives too fast exceeds, for people. */
  readonly #limit: string;
  readonly #pace: PaceWatch;
  readonly #onOddPace: (what: string) => void;

  constructor(options: {
    readonly inputRate: InputRate;
    readonly clock: Clock;
    readonly resamplers: ResamplerFactory;
    /** Audio that may arrive at once, ms: 5,000. */
    readonly audioBurstMs?: number | undefined;
    /** How long this process has not read its sockets lately, in ms. */
    readonly stalledMs: () => number;
    /** PCM16LE at the pipeline rate, and the index of its first sample. */
    readonly send: (pcm: Uint8Array, sample: number) => void;
    /** The audio arrives at another pace than its rate says; called once, with what is probably wrong. */
    readonly onOddPace?: (what: string) => void;
  }) {
    const {
      inputRate,
      clock,
      resamplers,
      audioBurstMs = WIRE_LIMITS.audioBurstMs,
      stalledMs,
      send,
      onOddPace = () => {},
    } = options;
    this.#inputRate = inputRate;
    this.#pace = new PaceWatch(clock, inputRate);
    this.#onOddPace = onOddPace;
    this.#limit = `audio of more than ${WIRE_LIMITS.audioRateFactor} times real time after a burst of ${audioBurstMs} ms`;
    this.#bucket = new TokenBucket(clock, {
      burst: samplesInMs(audioBurstMs, inputRate),
      perSecond: inputRate * WIRE_LIMITS.audioRateFactor,
      stalledMs,
    });
    this.#resampler = inputRate === PIPELINE_RATE ? undefined : resamplers.create(inputRate, PIPELINE_RATE);
    this.#send = send;
  }

  /** Forwards whole samples of PCM16LE at the input rate. Returns TOO_FAST and sends nothing if they arrive too fast. */
  accept(bytes: Uint8Array): ParleyError | undefined {
    const odd = this.#pace.heard(bytes);
    if (odd !== undefined) this.#onOddPace(odd);
    if (!this.#bucket.take(bytes.byteLength / BYTES_PER_SAMPLE))
      return new ParleyError(
        'TOO_FAST',
        `${this.#limit}; send it as it is recorded, in one channel, at the rate of hello`,
      );
    const pcm = this.#resampler ? this.#resample(this.#resampler, bytes) : bytes;
    if (pcm.byteLength === 0) return undefined;
    const sample = this.#nextSample;
    this.#nextSample += pcm.byteLength / BYTES_PER_SAMPLE;
    this.#send(pcm, sample);
    return undefined;
  }

  close(): void {
    this.#resampler?.close();
  }

  #resample(resampler: Resampler<InputRate, PipelineRate>, bytes: Uint8Array): Uint8Array {
    const { samples } = resampler.push({ rate: this.#inputRate, samples: samplesOf(bytes) });
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  }
}

// An Int16Array must begin at an even offset; a piece of a socket's buffer may not. (A Buffer's own `slice` would share it.)
function samplesOf(bytes: Uint8Array): Int16Array {
  const aligned = bytes.byteOffset % BYTES_PER_SAMPLE === 0 ? bytes : new Uint8Array(bytes);
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / BYTES_PER_SAMPLE);
}
