/** Prints the hash of one seed: run by a test in processes that differ in all but the code. */
import { runSeed } from '../../testing/simulation/run-seed.ts';

const seed = Number(process.argv[2]);
const turns = Number(process.argv[3]);
const plain = await runSeed({ seed, turns });
// With chains for engines.
const chains = await runSeed({ seed: seed + 1, turns });
console.log(
  JSON.stringify({
    plain: plain.hash,
    chains: chains.hash,
    events: plain.events,
  }),
);
