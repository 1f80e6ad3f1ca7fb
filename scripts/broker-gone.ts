// Takes the broker away during conversations, and checks that they go on, and that each event arrives when it is back.
// npx tsx scripts/broker-gone.ts [seconds]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerGone } from '../test/outbox/broker-gone.ts';

const [seconds = 60] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'parley-broker-gone-'));
const { turns, slowestMs, waiting, ageMs, drainMs, lost } = await brokerGone(folder, seconds * 1_000);
console.log(
  `${seconds} s without the broker: ${turns} turns, the longest ${slowestMs} ms; ${waiting} events waited, the oldest for ${Math.round(ageMs / 1_000)} s; ${drainMs} ms after the start of the broker all were there; ${lost.length} lost`,
);
for (const id of lost) console.log(`  ${id} never arrived`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = lost.length === 0 && turns > 0 ? 0 : 1;
