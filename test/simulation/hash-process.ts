/** Prints the hash of one seed. A test runs it in processes that differ in everything but the code. */
import { runSeed } from '../../testing/simulation/run-seed.ts';

const seed = Number(process.argv[2]);
const turns = Number(process.argv[3]);
const plain = await runSeed({ seed, turns });
// With chains as engines.
const chains = await runSeed({ seed: seed + 1, turns });
console.log(
  JSON.stringify({
    plain: plain.hash,
    chains: chains.hash,
    events: plain.events,
  }),
);
