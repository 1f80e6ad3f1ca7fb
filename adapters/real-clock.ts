import type { LoopClock } from '../machines/clock.ts';

let tick = 0;
let ticking = false;

/** The clock of the machine: monotonic, with Node's timers, which know whole ms and would round down: never too early. */
export const realClock: LoopClock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.ceil(delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
  tick: () => {
    // The event loop polls for input before it comes to what `setImmediate` was given.
    if (!ticking) {
      ticking = true;
      setImmediate(() => {
        ticking = false;
        tick += 1;
      });
    }
    return tick;
  },
};
