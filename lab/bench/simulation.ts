/** Simulated turns per second of processor time, after JIT compilation (the first seconds cost twice as much). `node dist/lab/bench/simulation.js`
 */
import { simulate } from '../../testing/simulation/simulate.ts';

// Warm up: the first seeds are not measured.
await simulate({ from: 901, to: 904, turns: 200 });
const report = await simulate({ from: 1, to: 10, turns: 200 });
if (report.failure) throw new Error(`seed ${report.failure.seed} failed: see parley sim`);
console.log(
  `${report.turns} turns, ${report.events} events, ${report.turnsPerCpuSecond.toFixed(0)} turns/s of processor time, ${report.turnsPerSecond.toFixed(0)} turns/s on the clock`,
);
