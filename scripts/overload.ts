// Lets many talkers attack one server, in real processes, and prints what happened to everybody.
// npx tsx scripts/overload.ts [talkers] [seconds] [flags of the server …]
import { spokenAttack } from '../test/overload/spoken-attack.ts';
import { violations } from '../test/overload/violations.ts';

const [talkers = '300', seconds = '40', ...flags] = process.argv.slice(2);
const report = await spokenAttack({
  talkers: Number(talkers),
  bystanders: 5,
  attackMs: Number(seconds) * 1_000,
  flags,
});
console.log(JSON.stringify(report, null, 2));
const wrong = violations(report);
for (const line of wrong) console.log(`WRONG: ${line}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
