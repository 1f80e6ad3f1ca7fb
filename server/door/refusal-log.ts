import type { Clock } from '../../machines/clock.ts';
import type { DoorLog } from './door.ts';
import type { UpgradeRefusal } from './endpoint.ts';

/** Between two lines about the same origin, ms. */
const AGAIN_MS = 60_000;
/** Origins that are remembered, so that a page with many names does not fill the log or the memory. */
const MOST_ORIGINS = 32;

/** Logs pages that were refused for their origin, with the key of the configuration that would let them in. */
export class RefusalLog {
  readonly #log: DoorLog;
  readonly #clock: Clock;
  readonly #loggedAtMs = new Map<string, number>();

  constructor(log: DoorLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  refused({ origin, text }: UpgradeRefusal): void {
    if (origin === undefined) return;
    const nowMs = this.#clock.nowMs();
    for (const [known, atMs] of this.#loggedAtMs)
      if (nowMs - atMs >= AGAIN_MS) this.#loggedAtMs.delete(known);
    const name = origin.slice(0, 200);
    if (this.#loggedAtMs.has(name) || this.#loggedAtMs.size >= MOST_ORIGINS) return;
    this.#loggedAtMs.set(name, nowMs);
    this.#log.warn({ origin: name }, text);
  }
}
