/** Prints the hash of one seed at each level: run by a test in processes that differ in all but the code. */
import { runFullSeed } from '../../testing/simulation/full-level.ts';
import { runKernelSeed } from '../../testing/simulation/kernel-level.ts';

const seed = Number(process.argv[2]);
const turns = Number(process.argv[3]);
const kernel = runKernelSeed({ seed, turns });
const full = await runFullSeed({ seed, turns });
// With chains for engines.
const chains = await runFullSeed({ seed: seed + 1, turns });
console.log(
  JSON.stringify({
    kernel: kernel.hash,
    full: full.hash,
    chains: chains.hash,
    events: kernel.events + full.events,
  }),
);
