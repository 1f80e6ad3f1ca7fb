/** Appends remembered: five seconds of the shortest ones, which covers the time in which a turn ends. */
const KEPT = 256;

/**
 * Which part of a client's audio a moment of the session is. Audio that the network delayed was spoken earlier than it arrived, so
 * the least delayed append since then counts, as it does for the ear.
 */
export class SentAudio {
  /** The newest last: where each append ended, and when its audio would have begun if it had not been delayed, both in ms. */
  readonly #appends: { readonly endMs: number; readonly originMs: number }[] = [];
  #endMs = 0;

  /** Audio of `lengthMs` arrived at `nowMs` of the session. */
  append(lengthMs: number, nowMs: number): void {
    this.#endMs += lengthMs;
    this.#appends.push({ endMs: this.#endMs, originMs: nowMs - this.#endMs });
    if (this.#appends.length > KEPT) this.#appends.shift();
  }

  /** Milliseconds of audio that had been spoken at `atMs` of the session; by default all that arrived. */
  spokenMs(atMs = Number.POSITIVE_INFINITY): number {
    let originMs = Number.POSITIVE_INFINITY;
    let spokenMs = Number.POSITIVE_INFINITY;
    for (const append of this.#appends.toReversed()) {
      if (append.endMs < spokenMs && originMs < Number.POSITIVE_INFINITY) break;
      originMs = Math.min(originMs, append.originMs);
      spokenMs = atMs - originMs;
    }
    return Math.max(0, Math.min(this.#endMs, spokenMs));
  }
}
