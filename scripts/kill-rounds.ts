// Repeatedly kills a real server at random moments of conversations, and checks the remaining data each time.
// npx tsx scripts/kill-rounds.ts [rounds] [first seed]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killRound } from '../test/journal/kill-round.ts';

const [rounds = 50, first = 1] = process.argv.slice(2).map(Number);
const dataDir = mkdtempSync(join(tmpdir(), 'parley-kill-'));
const total = { acknowledged: 0, records: 0, bad: 0 };
for (let seed = first; seed < first + rounds; seed++) {
  const { acknowledged, journals, records, problems } = await killRound(dataDir, seed);
  total.acknowledged += acknowledged;
  total.records = records;
  if (problems.length > 0) total.bad += 1;
  console.log(
    `seed ${seed}: ${acknowledged} turns acknowledged, ${journals} journals, ${records} records replayed`,
  );
  for (const problem of problems) console.log(`  ${problem}`);
}
console.log(
  `${rounds} rounds: ${total.acknowledged} turns acknowledged and ${total.records} records, ${total.bad} rounds with a loss`,
);
if (total.bad === 0) rmSync(dataDir, { recursive: true, force: true });
else console.log(`data kept in ${dataDir}`);
process.exitCode = total.bad === 0 ? 0 : 1;
