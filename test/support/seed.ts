/** Property tests draw the same inputs in each run. FUZZ_SEED draws others: `npm run test:fuzz` does so at the doors. */
import fc from 'fast-check';

const { FUZZ_SEED = '1' } = process.env;

fc.configureGlobal({ seed: Number(FUZZ_SEED) });
