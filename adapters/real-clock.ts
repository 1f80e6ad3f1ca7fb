import type { LoopClock } from '../machines/clock.ts';

let tick = 0;
let ticking = false;

/**
 * The real clock: monotonic, with Node's timers. Node rounds delays down to whole ms; these are rounded up, so that no
 * timer fires early.
 */
export const realClock: LoopClock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.ceil(delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
  tick: () => {
    // The event loop polls for input before it runs `setImmediate` callbacks.
    if (!ticking) {
      ticking = true;
      setImmediate(() => {
        ticking = false;
        tick += 1;
      });
    }
    return tick;
  },
  nextTurn: () =>
    new Promise((resolve) => {
      setImmediate(resolve);
    }),
};
