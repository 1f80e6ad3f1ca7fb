import type { Clock } from '../machines/clock.ts';

/** The clock of the machine: monotonic, with Node's timers. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
