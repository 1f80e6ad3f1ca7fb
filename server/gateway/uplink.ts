import type { Resampler, ResamplerFactory } from '../../actors/ports/resampler.ts';
import { type InputRate, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { TokenBucket } from './token-bucket.ts';

const BYTES_PER_SAMPLE = 2;

export interface AudioRefusal {
  readonly code: 'BAD_MESSAGE' | 'BAD_FIELD' | 'TOO_FAST';
  readonly detail: string;
}

/**
 * The client's audio on its way to the session: checked, brought to the pipeline rate, and counted in
 * samples of that rate from the session's first. What is refused leaves no gap in the count.
 */
export class Uplink {
  readonly #minSamples: number;
  readonly #maxSamples: number;
  readonly #bucket: TokenBucket;
  readonly #inputRate: InputRate;
  readonly #resampler: Resampler<InputRate, PipelineRate> | undefined;
  readonly #publish: (pcm: Uint8Array, sample: number) => void;
  #nextSample = 0;

  constructor(options: {
    readonly inputRate: InputRate;
    readonly clock: Clock;
    readonly resamplers: ResamplerFactory;
    /** PCM16LE at the pipeline rate, and the index of its first sample. */
    readonly publish: (pcm: Uint8Array, sample: number) => void;
  }) {
    const { inputRate } = options;
    this.#inputRate = inputRate;
    this.#minSamples = samplesInMs(WIRE_LIMITS.audioMinMs, inputRate);
    this.#maxSamples = samplesInMs(WIRE_LIMITS.audioMaxMs, inputRate);
    this.#bucket = new TokenBucket(options.clock, {
      burst: samplesInMs(WIRE_LIMITS.audioBurstMs, inputRate),
      perSecond: inputRate * WIRE_LIMITS.audioRateFactor,
    });
    this.#resampler =
      inputRate === PIPELINE_RATE ? undefined : options.resamplers.create(inputRate, PIPELINE_RATE);
    this.#publish = options.publish;
  }

  /** Takes one binary message; tells why if it was not passed on. */
  accept(bytes: Uint8Array): AudioRefusal | undefined {
    if (bytes.byteLength % BYTES_PER_SAMPLE !== 0)
      return { code: 'BAD_MESSAGE', detail: 'an odd number of audio bytes' };
    const samples = bytes.byteLength / BYTES_PER_SAMPLE;
    if (!this.#bucket.take(samples))
      return {
        code: 'TOO_FAST',
        detail: `more than ${WIRE_LIMITS.audioRateFactor} times real time after a burst of ${WIRE_LIMITS.audioBurstMs} ms`,
      };
    if (samples < this.#minSamples || samples > this.#maxSamples)
      return {
        code: 'BAD_FIELD',
        detail: `audio: ${samples} samples, want ${this.#minSamples} to ${this.#maxSamples} (${WIRE_LIMITS.audioMinMs} to ${WIRE_LIMITS.audioMaxMs} ms)`,
      };
    const pcm = this.#resampler ? this.#resample(this.#resampler, bytes) : bytes;
    if (pcm.byteLength === 0) return undefined;
    this.#publish(pcm, this.#nextSample);
    this.#nextSample += pcm.byteLength / BYTES_PER_SAMPLE;
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

// An Int16Array must begin at an even offset, and a piece of a socket's buffer need not.
function samplesOf(bytes: Uint8Array): Int16Array {
  const aligned = bytes.byteOffset % BYTES_PER_SAMPLE === 0 ? bytes : bytes.slice();
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / BYTES_PER_SAMPLE);
}
