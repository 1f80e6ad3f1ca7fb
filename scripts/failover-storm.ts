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
const spread = (sorted: readonly number[]) =>
  `p50 ${of(sorted, 0.5)}, p95 ${of(sorted, 0.95)}, longest ${of(sorted, 1)} ms`;
console.log(JSON.stringify(report.blows));
console.log(
  `${talkers} sessions, ${report.acknowledged} turns acknowledged, ${report.events} in analytics, ${report.actions} actions, ${report.takeovers} takeovers, ${report.journals} journals replayed, ${report.differing} turns that ended differently in two stores`,
);
console.log(
  `${report.openMs.length} returns; connect to ready: ${spread(report.openMs)}; loss to ready: ${spread(report.lostMs)}`,
);
for (const problem of report.problems) console.log(`  ${problem}`);
if (report.problems.length === 0) rmSync(folder, { recursive: true, force: true });
else console.log(`${report.problems.length} problems; data kept in ${folder}`);
process.exitCode = report.problems.length === 0 ? 0 : 1;
