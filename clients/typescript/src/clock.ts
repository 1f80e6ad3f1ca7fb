/** Time for pauses and pacing, in ms: the machine's, or a test's. */
export interface Clock {
  /** ms since an arbitrary start; never goes back. */
  nowMs(): number;
  setTimer(delayMs: number, fire: () => void): { cancel(): void };
}

export const realClock: Clock = {
  nowMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
