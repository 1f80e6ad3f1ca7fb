/** Turns a second of the simulator at both levels, per second of processor time. `node --import tsx bench/simulation.ts` */
import { simulate } from '../testing/simulation/simulate.ts';

for (const { level, to } of [
  { level: 'kernel', to: 20 },
  { level: 'full', to: 12 },
] as const) {
  // Warm: the first seeds are compiled, not measured.
  await simulate({ level, from: 901, to: 904, turns: 50 });
  const report = await simulate({ level, from: 1, to, turns: 100 });
  if (report.failure) throw new Error(`seed ${report.failure.seed} failed: see parley sim --level ${level}`);
  console.log(
    `${level}: ${report.turns} turns, ${report.events} events, ${report.turnsPerCpuSecond.toFixed(0)} turns/s of processor time, ${report.turnsPerSecond.toFixed(0)} turns/s on the clock`,
  );
}
