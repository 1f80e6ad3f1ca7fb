import type { Parameters } from 'fast-check';

/** Doors that share the time: the seven of doors.test.ts, and Wyoming in test/wyoming. */
const DOORS = 8;
/** A run takes some 30 ms; one that takes this long hangs. */
const STUCK_MS = 20_000;
/** Runs of each door in the suite. */
const FEW = 15;

const { FUZZ_SECONDS, FUZZ_SEED, FUZZ_PATH } = process.env;
const forMs = FUZZ_SECONDS === undefined ? undefined : (Number(FUZZ_SECONDS) * 1_000) / DOORS;

/** How long one door's property may take, for the time limit of its test, in ms. */
export const FUZZ_TEST_MS = 60_000 + (forMs ?? 0);

/** Parameters of a door's property: a few runs in the suite, a share of `FUZZ_SECONDS` with `npm run test:fuzz`. */
export function fuzzing<T>(): Parameters<T> {
  return {
    timeout: STUCK_MS,
    ...(FUZZ_SEED !== undefined && { seed: Number(FUZZ_SEED) }),
    ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
    ...(forMs === undefined ? { numRuns: FEW } : { numRuns: 1_000_000, interruptAfterTimeLimit: forMs }),
  };
}
