import type { ModelLoad } from '../engine.ts';

/** Counts what the model of this process has done. */
export class Meter {
  #audioMs = 0;
  #busyMs = 0;

  /** Work on `audioMs` of audio, since `performance.now()` was `beganMs`. */
  add(audioMs: number, beganMs: number): void {
    this.#audioMs += audioMs;
    this.#busyMs += performance.now() - beganMs;
  }

  read(): ModelLoad {
    return { audioMs: this.#audioMs, busyMs: this.#busyMs, memoryBytes: process.memoryUsage.rss() };
  }
}
