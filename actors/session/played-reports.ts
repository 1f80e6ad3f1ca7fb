import type { ClientEvent } from '../../machines/session/events.ts';

export type PlayedEvent = Extract<ClientEvent, { readonly type: 'played' }>;

interface Held {
  readonly event: PlayedEvent;
  /** When it was received, ms since the session's start. */
  readonly atMs: number;
}

/** Reports of one generation that come within this time after one was taken are taken as one. */
const EVERY_MS = 200;

/**
 * What the client says it has played, ten times a second or more, thinned out. A report says more than all before it, and
 * matters only to the next event of another kind. So after the first of a generation the newest is held back, until another
 * event comes or 200 ms after one was taken, and is then taken at the time when it was received: every other event
 * finds the session as it would have without.
 */
export class PlayedReports {
  #held: Held | undefined;
  /** Of the last one that was taken. */
  #generation = -1;
  #takenAtMs = 0;

  /** True if it is held back. If not, it is to be taken now, after what `take` gives. */
  hold(event: PlayedEvent, atMs: number): boolean {
    const saysAll = !this.#held || saysMore(event, this.#held.event);
    const held = event.generation === this.#generation && atMs - this.#takenAtMs < EVERY_MS;
    if (saysAll) this.#held = held ? { event, atMs } : undefined;
    if (held) return true;
    this.#generation = event.generation;
    this.#takenAtMs = atMs;
    return false;
  }

  /** When the one that is held is to be taken at the latest; undefined if there is none. */
  get dueMs(): number | undefined {
    return this.#held && this.#takenAtMs + EVERY_MS;
  }

  /** The one that is held, once. `nowMs`: of the session. */
  take(nowMs: number): Held | undefined {
    const held = this.#held;
    this.#held = undefined;
    if (held?.event.generation === this.#generation) this.#takenAtMs = nowMs;
    return held;
  }
}

/** True if nothing is lost when only the later one is taken. */
function saysMore(later: PlayedEvent, earlier: PlayedEvent): boolean {
  return later.generation === earlier.generation && later.samples >= earlier.samples;
}
