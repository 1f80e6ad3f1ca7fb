import { ParleyError } from '../machines/errors.ts';
import type { Gate } from './door/admission.ts';

const EVERY_MS = 50;
/** An odd number, for the median: overload lasts, while one long pause (a collection, a model that loads) passes. */
const SAMPLES = 9;

/** Measures how late timers fire in this process; 0 if it is not overloaded. Does not keep the process alive. */
export class LoopDelay {
  readonly #samples: number[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #nowMs: () => number;
  #dueMs: number;

  /** `nowMs`: monotonic. `onSample`: each lateness, in ms. */
  constructor(nowMs: () => number, onSample: (ms: number) => void = () => {}) {
    this.#nowMs = nowMs;
    this.#dueMs = nowMs() + EVERY_MS;
    this.#timer = setInterval(() => {
      const lateMs = this.#lateMs();
      this.#dueMs = nowMs() + EVERY_MS;
      this.#samples.push(lateMs);
      if (this.#samples.length > SAMPLES) this.#samples.shift();
      onSample(lateMs);
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** Median of the last half second, or of a longer time if timers are late. */
  medianMs(): number {
    if (this.#samples.length < SAMPLES) return 0;
    return this.#samples.toSorted((a, b) => a - b)[(SAMPLES - 1) / 2] ?? 0;
  }

  /** Time for which the event loop did nothing else lately, including now: the lateness of the last samples together. */
  stalledMs(): number {
    return this.#samples.reduce((sum, lateMs) => sum + lateMs, this.#lateMs());
  }

  /** A gate of the door that is closed while the median is above `maxMs`. */
  gate(maxMs: number): Gate {
    return () => {
      const lateMs = this.medianMs();
      if (lateMs <= maxMs) return undefined;
      return new ParleyError('OVERLOADED', `timers fire ${Math.round(lateMs)} ms late`);
    };
  }

  #lateMs(): number {
    return Math.max(0, this.#nowMs() - this.#dueMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
