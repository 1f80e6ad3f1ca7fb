import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { EAR_REPORT_MS, type EarReport, type EchoReport } from '../../machines/wire.ts';

const FULL_SCALE = 0x8000;
/** Level of silence: the smallest step of 16 bits. */
const SILENCE_DB = -96;
const SAMPLES = samplesInMs(EAR_REPORT_MS, PIPELINE_RATE);

/** Reports what the ear made of each `EAR_REPORT_MS` of audio. */
export class EarReports {
  readonly #emit: (report: EarReport) => void;
  readonly #takeEcho: () => EchoReport | undefined;
  #power = 0;
  #samples = 0;
  #speech = 0;

  /** `takeEcho`: what was made of the robot's own voice since its last call. */
  constructor(emit: (report: EarReport) => void, takeEcho: () => EchoReport | undefined) {
    this.#emit = emit;
    this.#takeEcho = takeEcho;
  }

  /** A window of the speech detector; it comes later than its samples. */
  window(probability: number): void {
    this.#speech = Math.max(this.#speech, probability);
  }

  /** The next samples, as the recogniser gets them. */
  hear(samples: Int16Array): void {
    let power = 0;
    for (let i = 0; i < samples.length; i++) power += (samples[i] as number) ** 2;
    this.#power += power;
    this.#samples += samples.length;
    if (this.#samples < SAMPLES) return;
    const echo = this.#takeEcho();
    const level = decibels(this.#power / this.#samples / FULL_SCALE ** 2);
    this.#emit({
      levelDb: Math.max(SILENCE_DB, Math.round(level)),
      speech: hundredths(this.#speech),
      ...(echo && { echo }),
    });
    this.#power = 0;
    this.#samples = 0;
    this.#speech = 0;
  }
}

/** Sums up the blocks of the robot's own voice since the last report. */
export class EchoSum {
  #heard = 0;
  #left = 0;
  #passed = 0;
  #blocks = 0;

  /** `passed`: share of the block that passed as another person's. */
  add(heard: Float32Array, left: Float32Array, passed: number): void {
    const power = energyOf(heard);
    this.#heard += power;
    this.#left += left === heard ? power : energyOf(left);
    this.#passed += passed * power;
    this.#blocks++;
  }

  /** Undefined if there was no block. `delayMs`: of the echo, if one was found. */
  take(delayMs: number | undefined): EchoReport | undefined {
    if (this.#blocks === 0) return undefined;
    const removed = this.#heard > 0 ? decibels(this.#heard / Math.max(this.#left, 1e-9)) : 0;
    const report = {
      ...(delayMs !== undefined && { delayMs: Math.max(0, Math.round(delayMs)) }),
      removedDb: Math.max(0, Math.round(removed)),
      passed: hundredths(this.#heard > 0 ? this.#passed / this.#heard : 0),
    };
    this.#heard = 0;
    this.#left = 0;
    this.#passed = 0;
    this.#blocks = 0;
    return report;
  }
}

function energyOf(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) ** 2;
  return sum;
}

function decibels(power: number): number {
  return 10 * Math.log10(power);
}

function hundredths(share: number): number {
  return Math.round(100 * share) / 100;
}
