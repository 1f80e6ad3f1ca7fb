/**
 * Turns a second of the simulator at both levels, per second of processor time, once it has been compiled (the first
 * seconds of a process cost twice as much). `node dist/bench/simulation.js`
 */
import { simulate } from '../testing/simulation/simulate.ts';

for (const { level, to } of [
  { level: 'kernel', to: 40 },
  { level: 'full', to: 10 },
] as const) {
  // Warm: the first seeds are compiled, not measured.
  await simulate({ level, from: 901, to: 904, turns: 200 });
  const report = await simulate({ level, from: 1, to, turns: 200 });
  if (report.failure) throw new Error(`seed ${report.failure.seed} failed: see parley sim --level ${level}`);
  console.log(
    `${level}: ${report.turns} turns, ${report.events} events, ${report.turnsPerCpuSecond.toFixed(0)} turns/s of processor time, ${report.turnsPerSecond.toFixed(0)} turns/s on the clock`,
  );
}
