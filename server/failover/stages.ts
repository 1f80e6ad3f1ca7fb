import type { Clock } from '../../machines/clock.ts';

/** How long each stage of a takeover took. */
export class Stages {
  readonly #clock: Clock;
  readonly #ms = new Map<string, number>();
  #stage: string;
  #begunMs: number;

  constructor(clock: Clock, first: string) {
    this.#clock = clock;
    this.#stage = first;
    this.#begunMs = clock.nowMs();
  }

  /** Ends the stage before. One that comes again is counted together. */
  begin(stage: string): void {
    this.#end();
    this.#stage = stage;
  }

  /** Of each stage so far, ms. */
  get ms(): Readonly<Record<string, number>> {
    this.#end();
    return Object.fromEntries([...this.#ms].map(([stage, ms]) => [stage, Math.round(ms)]));
  }

  #end(): void {
    const nowMs = this.#clock.nowMs();
    this.#ms.set(this.#stage, (this.#ms.get(this.#stage) ?? 0) + nowMs - this.#begunMs);
    this.#begunMs = nowMs;
  }
}
