import type { Denoiser, DenoiserFactory } from '../ports/denoiser.ts';
import type { EchoStage } from './echo/stage.ts';
import { GainControl } from './gain-control.ts';
import { HighPass } from './high-pass.ts';
import { NoiseGate } from './noise-gate.ts';

export interface EarParameters {
  /** What is below this frequency, and a constant offset, is removed. 0: nothing is. */
  readonly highPassHz: number;
  /** Removes noise. Default: nothing does. */
  readonly denoiser?: DenoiserFactory;
  /** What is below this level is made 20 dB softer, dBFS (RMS). 0: nothing is. */
  readonly gateDbfs: number;
  /** Level to which speech is brought, dBFS (RMS). 0: it stays as it is. */
  readonly targetDbfs: number;
}

/** All are off: none was measured to be better. */
export const defaultEarParameters: EarParameters = { highPassHz: 0, gateDbfs: 0, targetDbfs: 0 };

/**
 * What an ear does to its audio before detector and recogniser get it, in this order: high-pass, echo, denoiser, noise
 * gate, gain control. The same samples at the same times give the same samples, in pieces of any size.
 */
export class FrontEnd {
  readonly #highPass: HighPass | undefined;
  readonly #echo: EchoStage | undefined;
  readonly #denoiser: Denoiser | undefined;
  readonly #gate: NoiseGate | undefined;
  readonly #gain: GainControl | undefined;

  constructor({ highPassHz, denoiser, gateDbfs, targetDbfs }: EarParameters, echo: EchoStage | undefined) {
    this.#highPass = highPassHz > 0 ? new HighPass(highPassHz) : undefined;
    this.#echo = echo;
    this.#denoiser = denoiser?.create();
    this.#gate = gateDbfs < 0 ? new NoiseGate(gateDbfs) : undefined;
    this.#gain = targetDbfs < 0 ? new GainControl(targetDbfs) : undefined;
  }

  /** `given`: audio from sample `from` of the microphone on; it stays as it is. Returns what is ready, valid until the next call. */
  process(given: Int16Array, from: number): Int16Array {
    const passed = this.#highPass?.process(given) ?? given;
    return this.#clean(this.#echo?.process(passed, from) ?? passed, given);
  }

  /** Something is held back because it may be the robot. */
  get holds(): boolean {
    return this.#echo?.holds ?? false;
  }

  /** What is held back because it may be the robot, which passes at once. */
  settle(): Int16Array {
    const held = this.#echo?.settle();
    return held && held.length > 0 ? this.#clean(held, held) : new Int16Array(0);
  }

  #clean(own: Int16Array, given: Int16Array): Int16Array {
    const clean = this.#denoiser?.process(own) ?? own;
    if (!this.#gate && !this.#gain) return clean;
    const samples = clean === given ? given.slice() : clean;
    this.#gate?.process(samples);
    this.#gain?.process(samples);
    return samples;
  }

  close(): void {
    this.#echo?.close();
    this.#denoiser?.close();
  }
}
