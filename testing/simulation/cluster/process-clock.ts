import type { LoopClock, TimerHandle } from '../../../machines/clock.ts';

/** The clock of one process. While the process is slow its timers wait; after its end none fires. */
export class ProcessClock implements LoopClock {
  readonly #clock: LoopClock;
  readonly #isSlow: () => boolean;
  #over = false;
  #late: (() => void)[] = [];
  readonly #timers = new Set<TimerHandle>();

  constructor(clock: LoopClock, isSlow: () => boolean) {
    this.#clock = clock;
    this.#isSlow = isSlow;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  tick(): number {
    return this.#clock.tick();
  }

  nextTurn(): Promise<void> {
    return this.#clock.nextTurn();
  }

  setTimer(delayMs: number, fire: () => void): TimerHandle {
    if (this.#over) return { cancel() {} };
    let cancelled = false;
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      this.whenAwake(() => {
        if (!cancelled) fire();
      });
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
        this.#timers.delete(timer);
      },
    };
  }

  /** Calls now, or when the process is not slow any more. */
  whenAwake(run: () => void): void {
    if (this.#over) return;
    if (this.#isSlow()) this.#late.push(run);
    else run();
  }

  /** The process is not slow any more: does what has waited, in order. */
  awake(): void {
    for (const run of this.#late.splice(0)) if (!this.#over) run();
  }

  /** The process has ended. */
  stop(): void {
    this.#over = true;
    this.#late = [];
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
