import type { Clock } from '../machines/clock.ts';

/** The clock of the machine: monotonic, with Node's timers, which know whole ms and would round down: never too early. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.ceil(delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};
