import { ParleyError } from '../machines/errors.ts';
import type { Gate } from './door/admission.ts';

const EVERY_MS = 50;
/** An odd number, for the median: overload lasts, while one long pause (a collection, a model that loads) passes. */
const SAMPLES = 9;

/** Measures how late timers fire in this process; 0 if it is not overloaded. Does not keep the process alive. */
export class LoopDelay {
  readonly #samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  /** `nowMs`: monotonic. `onSample`: each lateness, in ms. */
  constructor(nowMs: () => number, onSample: (ms: number) => void = () => {}) {
    let dueMs = nowMs() + EVERY_MS;
    this.#timer = setInterval(() => {
      const now = nowMs();
      const lateMs = Math.max(0, now - dueMs);
      dueMs = now + EVERY_MS;
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

  /** A gate of the door that is closed while the median is above `maxMs`. */
  gate(maxMs: number): Gate {
    return () => {
      const lateMs = this.medianMs();
      if (lateMs <= maxMs) return undefined;
      return new ParleyError('OVERLOADED', `timers fire ${Math.round(lateMs)} ms late`);
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
