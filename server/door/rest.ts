import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { SessionMessage } from '../../machines/wire.ts';

/** How long a session must have rested, ms: longer than an answer takes that a client sends at the end of a reply. */
const REST_MS = 300;

/** Knows whether a session rests: neither side speaks, and no action runs that would end with the connection. */
export class Rest {
  readonly #clock: Clock;
  readonly #onRest: () => void;
  #rests = true;
  #awaited = false;
  #timer: TimerHandle | undefined;

  /** `onRest`: called once, when it has rested for a moment after `leave`. */
  constructor(clock: Clock, onRest: () => void) {
    this.#clock = clock;
    this.#onRest = onRest;
  }

  note(message: SessionMessage): void {
    if (message.type !== 'state') return;
    const { value, actions = [] } = message;
    this.#rests = (value === 'idle' || value === 'stopped') && actions.length === 0;
    this.#check();
  }

  /** `away`: its client is not there, so that it rests anyway. */
  leave(away: boolean): void {
    this.#awaited = true;
    if (away) this.#rests = true;
    this.#check();
  }

  #check(): void {
    this.#timer?.cancel();
    if (!this.#awaited || !this.#rests) return;
    this.#timer = this.#clock.setTimer(REST_MS, () => {
      this.#awaited = false;
      this.#onRest();
    });
  }
}
