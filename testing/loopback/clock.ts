import type { Clock } from '../../machines/clock.ts';

/** Real time, for loopback servers with real delays. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits `ms` on `clock`, or until `signal` aborts; returns whether the whole time passed. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (passed: boolean) => {
      signal.removeEventListener('abort', stop);
      resolve(passed);
    };
    const stop = () => {
      timer.cancel();
      end(false);
    };
    const timer = clock.setTimer(ms, () => end(true));
    signal.addEventListener('abort', stop);
  });
}
