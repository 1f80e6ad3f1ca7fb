const KEPT = 100;
/** Fewer say nothing about the slowest twentieth. */
const ENOUGH = 20;

/** How long an engine takes to begin, over its last hundred answers, in ms. */
export class Latency {
  readonly #samples: number[] = [];
  #next = 0;

  add(ms: number): void {
    this.#samples[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Undefined until there are enough answers to tell. */
  p95(): number | undefined {
    if (this.#samples.length < ENOUGH) return undefined;
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.95) - 1];
  }
}
