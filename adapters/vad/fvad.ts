import load, { type FvadModule } from '@echogarden/fvad-wasm';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';

const FRAMES_MS: readonly number[] = [10, 20, 30];

export interface FvadOptions {
  /** 0 finds the most speech, 3 the least. */
  readonly aggressiveness: number;
  /** Length of a frame in ms: 10, 20 or 30. */
  readonly frameMs: number;
  /** Receives the verdict on each frame, in order, before `push` returns. May close the detector. */
  readonly onFrame: (voice: boolean) => void;
}

/** The detector of one stream. */
export interface FvadDetector {
  /** Takes the next samples, of any number; copies those that do not fill a frame. */
  push(samples: Int16Array): void;
  /** Frees its memory. Idempotent. */
  close(): void;
}

export interface Fvad {
  /** Throws VAD_FAILED without memory and for options out of bounds. */
  create(options: FvadOptions): FvadDetector;
}

/** The WebRTC voice detector (libfvad) in one WebAssembly instance for all streams. About 3 µs for each 10 ms. */
export async function loadFvad(): Promise<Fvad> {
  const fvad = await load();
  const scratch = fvad._malloc(samplesInMs(30, PIPELINE_RATE) * Int16Array.BYTES_PER_ELEMENT);
  if (scratch === 0) throw outOfMemory();
  return { create: (options) => new Detector(fvad, scratch, options) };
}

class Detector implements FvadDetector {
  readonly #fvad: FvadModule;
  readonly #scratch: number;
  readonly #detector: number;
  readonly #onFrame: (voice: boolean) => void;
  readonly #frame: Int16Array;
  #filled = 0;
  #closed = false;

  constructor(fvad: FvadModule, scratch: number, { aggressiveness, frameMs, onFrame }: FvadOptions) {
    this.#fvad = fvad;
    this.#scratch = scratch;
    this.#onFrame = onFrame;
    this.#frame = new Int16Array(samplesInMs(frameMs, PIPELINE_RATE));
    this.#detector = fvad._fvad_new();
    if (this.#detector === 0) throw outOfMemory();
    fvad._fvad_set_sample_rate(this.#detector, PIPELINE_RATE);
    if (fvad._fvad_set_mode(this.#detector, aggressiveness) === 0 && FRAMES_MS.includes(frameMs)) return;
    this.close();
    throw new ParleyError('VAD_FAILED', `aggressiveness ${aggressiveness}, frames of ${frameMs} ms`);
  }

  push(samples: Int16Array): void {
    const frame = this.#frame;
    for (let at = 0; at < samples.length && !this.#closed; ) {
      // One by one, with local variables: a view of a few samples costs more than copying them.
      let filled = this.#filled;
      const end = Math.min(samples.length, at + frame.length - filled);
      while (at < end) frame[filled++] = samples[at++] as number;
      this.#filled = filled;
      if (filled < frame.length) return;
      this.#filled = 0;
      this.#fvad.HEAP16.set(frame, this.#scratch / Int16Array.BYTES_PER_ELEMENT);
      this.#onFrame(this.#fvad._fvad_process(this.#detector, this.#scratch, frame.length) === 1);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fvad._fvad_free(this.#detector);
  }
}

function outOfMemory(): ParleyError {
  return new ParleyError('VAD_FAILED', 'the WebRTC detector is out of memory');
}
