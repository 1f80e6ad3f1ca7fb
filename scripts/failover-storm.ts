// Kills and cuts servers, brokers and links while many talk. npx tsx scripts/failover-storm.ts [seconds] [sessions] [ms between blows] [seed]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storm } from '../test/failover/storm.ts';

const [seconds = 600, talkers = 30, everyMs = 5_000, seed = 1] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'parley-storm-'));
const startMs = performance.now();
const report = await storm({
  ...{ folder, seconds, talkers, everyMs, seed },
  onBlow: (blow) => console.log(`${Math.round((performance.now() - startMs) / 1_000)} s: ${blow}`),
});
const of = (sorted: readonly number[], share: number) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
const spread = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  return `p50 ${of(sorted, 0.5)}, p95 ${of(sorted, 0.95)}, longest ${of(sorted, 1)} ms`;
};
const summary = (what: string, returns: typeof report.returns) =>
  `${returns.length} returns ${what}; connect to ready: ${spread(returns.map((one) => one.openMs))}; loss to ready: ${spread(returns.map((one) => one.lostMs))}`;
console.log(JSON.stringify(report.blows));
console.log(
  `${talkers} sessions, ${report.acknowledged} turns acknowledged, ${report.events} in analytics, ${report.actions} actions, ${report.takeovers} takeovers, ${report.journals} journals replayed, ${report.differing} turns that ended differently in two stores`,
);
console.log(summary('in all', [...report.returns, ...report.leaderless]));
console.log(summary('while the brokers had leaders for lease and journal', report.returns));
console.log(summary('during which they had none for a time', report.leaderless));
for (const line of report.slow) console.log(`  ${line}`);
for (const problem of report.problems) console.log(`  ${problem}`);
if (report.problems.length === 0) rmSync(folder, { recursive: true, force: true });
else console.log(`${report.problems.length} problems; data kept in ${folder}`);
process.exitCode = report.problems.length === 0 ? 0 : 1;
