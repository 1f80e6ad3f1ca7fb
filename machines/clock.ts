/** Time as a service: real in a server, virtual in tests and simulation. All times are ms. */
export interface Clock {
  /** ms since an arbitrary start; never goes back. */
  nowMs(): number;
  /** Calls `fire` once, `delayMs` from now. */
  setTimer(delayMs: number, fire: () => void): TimerHandle;
}

/** A clock that also identifies the turns of the event loop. */
export interface LoopClock extends Clock {
  /**
   * Number of the current turn. It changes once pending input and due timers have run. Code that has used up its share
   * of a turn continues with `setTimer(0, …)`.
   */
  tick(): number;
  /** Resolves in the next turn, once input has had its chance. Virtual time has no input: it resolves at once. */
  nextTurn(): Promise<void>;
}

export interface TimerHandle {
  cancel(): void;
}

/** Rounds to a microsecond, the resolution of a session's times. A difference of two times must be rounded before it is compared with a deadline: it may be 1e-12 ms too small, and a delay of that length never ends.
 */
export function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

class Entry implements TimerHandle {
  readonly atMs: number;
  readonly seq: number;
  readonly fire: () => void;
  cancelled = false;

  constructor(atMs: number, seq: number, fire: () => void) {
    this.atMs = atMs;
    this.seq = seq;
    this.fire = fire;
  }

  cancel(): void {
    this.cancelled = true;
  }
}

/** Discrete-event clock: a heap ordered by (time, sequence). Time moves only in `advance`. */
export class VirtualClock implements LoopClock {
  #nowMs: number;
  #seq = 0;
  #tick = 0;
  readonly #heap: Entry[] = [];
  readonly #settle: () => Promise<void>;

  /** `settle` lets pending promises run between two timers, for example with setImmediate or a microtask. */
  constructor(options: { startMs?: number; settle?: () => Promise<void> } = {}) {
    this.#nowMs = options.startMs ?? 0;
    this.#settle = options.settle ?? (async () => {});
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** However short, a delay above zero moves time, as on a real clock: else a deadline missed by rounding never passes. */
  setTimer(delayMs: number, fire: () => void): TimerHandle {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const absorbed = delayMs > 0 && atMs === this.#nowMs;
    const entry = new Entry(absorbed ? atMs * (1 + Number.EPSILON) : atMs, this.#seq++, fire);
    this.#push(entry);
    return entry;
  }

  /** A turn is what happens between two timers. */
  tick(): number {
    return this.#tick;
  }

  nextTurn(): Promise<void> {
    return Promise.resolve();
  }

  /** Time of the next timer; undefined if there is none. */
  nextAtMs(): number | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0]?.atMs;
  }

  /** Advances time by `ms`, firing due timers in order, and settling promises before and after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    this.#tick += 1;
    await this.#settle();
    for (let at = this.nextAtMs(); at !== undefined && at <= untilMs; at = this.nextAtMs()) {
      this.fireNext();
      await this.#settle();
    }
    this.#nowMs = untilMs;
    this.#tick += 1;
  }

  /** Jumps to the next timer and fires it, without settling. False if there is none. */
  fireNext(): boolean {
    if (this.nextAtMs() === undefined) return false;
    const entry = this.#pop();
    if (!entry) return false;
    this.#nowMs = Math.max(this.#nowMs, entry.atMs);
    this.#tick += 1;
    entry.fire();
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i], heap[parent])) break;
      swap(heap, i, parent);
      i = parent;
    }
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < heap.length && before(heap[left], heap[least])) least = left;
      if (right < heap.length && before(heap[right], heap[least])) least = right;
      if (least === i) return top;
      swap(heap, i, least);
      i = least;
    }
  }
}

function before(a: Entry | undefined, b: Entry | undefined): boolean {
  if (!a || !b) return false;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq);
}

function swap(heap: Entry[], i: number, j: number): void {
  const a = heap[i];
  const b = heap[j];
  if (!a || !b) return;
  heap[i] = b;
  heap[j] = a;
}
