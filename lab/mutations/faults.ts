import type { Mutation } from './mutation.ts';
import { SIMULATED } from './simulated.ts';
import { TESTED } from './tested.ts';

/** All planted faults. Their index is their number; 0 is the run without a fault. */
export const FAULTS: readonly Mutation[] = [...SIMULATED, ...TESTED];
