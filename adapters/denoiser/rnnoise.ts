import type { RnnoiseModule } from '@echogarden/rnnoise-wasm';
import type { Denoiser, DenoiserFactory } from '../../actors/ports/denoiser.ts';
import type { Resampler, ResamplerFactory } from '../../actors/ports/resampler.ts';
import { PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';

/** The rate that RNNoise was trained on, Hz. */
const RATE = 48_000;
/** Samples that it takes at a time: 10 ms. What it returns lies one frame back, because its windows overlap. */
const FRAME = 480;

/** RNNoise (J.-M. Valin, 2018) in one WebAssembly instance for all streams. Throws ENGINE_MISSING without its package. */
export async function rnnoise(resamplers: ResamplerFactory): Promise<DenoiserFactory> {
  const module = await loadModule();
  const bytes = FRAME * Float32Array.BYTES_PER_ELEMENT;
  const input = module._malloc(bytes);
  const output = module._malloc(bytes);
  if (input === 0 || output === 0) throw outOfMemory();
  return { create: () => new Stream({ module, input, output }, resamplers) };
}

async function loadModule(): Promise<RnnoiseModule> {
  try {
    return await (await import('@echogarden/rnnoise-wasm')).default();
  } catch (cause) {
    throw new ParleyError('ENGINE_MISSING', 'ear.denoise: run `npm install @echogarden/rnnoise-wasm`', {
      cause,
    });
  }
}

interface Shared {
  readonly module: RnnoiseModule;
  /** Scratch memory of one frame. */
  readonly input: number;
  readonly output: number;
}

class Stream implements Denoiser {
  readonly #shared: Shared;
  readonly #state: number;
  readonly #up: Resampler<PipelineRate, typeof RATE>;
  readonly #down: Resampler<typeof RATE, PipelineRate>;
  readonly #frame = new Float32Array(FRAME);
  #filled = 0;
  /** The first frame that comes back is from before the stream. */
  #begun = false;

  constructor(shared: Shared, resamplers: ResamplerFactory) {
    this.#shared = shared;
    this.#state = shared.module._rnnoise_create(0);
    if (this.#state === 0) throw outOfMemory();
    this.#up = resamplers.create(PIPELINE_RATE, RATE);
    this.#down = resamplers.create(RATE, PIPELINE_RATE);
  }

  process(samples: Int16Array): Int16Array {
    const given = this.#up.push({ rate: PIPELINE_RATE, samples }).samples;
    const clean = new Int16Array(given.length + FRAME);
    let made = 0;
    for (const sample of given) {
      this.#frame[this.#filled++] = sample;
      if (this.#filled < FRAME) continue;
      this.#filled = 0;
      this.#run(clean.subarray(made, made + FRAME));
      if (this.#begun) made += FRAME;
      this.#begun = true;
    }
    return this.#down.push({ rate: RATE, samples: clean.subarray(0, made) }).samples;
  }

  close(): void {
    this.#shared.module._rnnoise_destroy(this.#state);
    this.#up.close();
    this.#down.close();
  }

  #run(out: Int16Array): void {
    const { module, input, output } = this.#shared;
    const { BYTES_PER_ELEMENT } = Float32Array;
    module.HEAPF32.set(this.#frame, input / BYTES_PER_ELEMENT);
    module._rnnoise_process_frame(this.#state, output, input);
    const from = output / BYTES_PER_ELEMENT;
    const clean = module.HEAPF32.subarray(from, from + FRAME);
    for (let i = 0; i < FRAME; i++) out[i] = Math.max(-32_768, Math.min(32_767, Math.round(clean[i] ?? 0)));
  }
}

function outOfMemory(): ParleyError {
  return new ParleyError('INTERNAL', 'RNNoise is out of memory');
}
