const KEPT = 100;
/** Fewer answers say nothing about the slowest twentieth. */
const ENOUGH = 20;

/** Time to the first part of the last hundred answers of an engine, ms. */
export class Latency {
  readonly #samples: number[] = [];
  #next = 0;

  add(ms: number): void {
    this.#samples[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Undefined until there are enough answers. */
  p95(): number | undefined {
    if (this.#samples.length < ENOUGH) return undefined;
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.95) - 1];
  }
}
