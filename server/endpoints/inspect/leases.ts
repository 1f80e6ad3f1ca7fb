import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import { LEASE_MS, type Lease } from './bus-wire.ts';

interface Held {
  readonly untilMs: number;
  readonly list: boolean;
  readonly sessions: ReadonlySet<string>;
}

/** The current leases of inspectors at this server. A lease that is not renewed expires. */
export class LeaseBook {
  readonly #clock: Clock;
  readonly #onEnd: (session: string) => void;
  readonly #held = new Map<string, Held>();
  #timer: TimerHandle | undefined;

  /** `onEnd` gets each session that is no longer watched. */
  constructor(clock: Clock, onEnd: (session: string) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** True while a lease requests the list of sessions. */
  get list(): boolean {
    return [...this.#held.values()].some(({ list }) => list);
  }

  watches(session: string): boolean {
    return [...this.#held.values()].some(({ sessions }) => sessions.has(session));
  }

  take({ watcher, list, sessions }: Lease): void {
    const before = this.#held.get(watcher);
    if (list || sessions.length > 0) {
      this.#held.set(watcher, {
        untilMs: this.#clock.nowMs() + LEASE_MS,
        list,
        sessions: new Set(sessions),
      });
    } else this.#held.delete(watcher);
    this.#tellEnded(before);
    this.#timer ??= this.#clock.setTimer(LEASE_MS, () => this.#expire());
  }

  close(): void {
    this.#timer?.cancel();
    this.#held.clear();
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    for (const [watcher, held] of this.#held) {
      if (held.untilMs > nowMs) continue;
      this.#held.delete(watcher);
      this.#tellEnded(held);
    }
    const next = Math.min(...[...this.#held.values()].map(({ untilMs }) => untilMs));
    if (this.#held.size > 0) this.#timer = this.#clock.setTimer(next - nowMs, () => this.#expire());
  }

  #tellEnded(held: Held | undefined): void {
    for (const session of held?.sessions ?? []) if (!this.watches(session)) this.#onEnd(session);
  }
}
