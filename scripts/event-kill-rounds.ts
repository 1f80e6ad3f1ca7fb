// Repeatedly kills a server, a worker or the broker at random moments of conversations, and checks that each event
// arrived. npx tsx scripts/event-kill-rounds.ts [rounds] [first seed]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventKillRound, killScene } from '../test/outbox/kill-round.ts';

const [rounds = 50, first = 1] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'parley-event-kill-'));
const scene = await killScene(folder);
let bad = 0;
let [handled, copies] = [0, 0];
let slowestMs = 0;
for (let seed = first; seed < first + rounds; seed++) {
  const round = await eventKillRound(scene, seed);
  ({ handled, copies } = round);
  slowestMs = Math.max(slowestMs, round.drainMs);
  if (round.problems.length > 0) bad += 1;
  console.log(
    `seed ${seed}: ${round.victim} killed, ${round.acknowledged} turns acknowledged, all events there after ${round.drainMs} ms`,
  );
  for (const problem of round.problems) console.log(`  ${problem}`);
}
await scene.broker.stop();
const turns = scene.acknowledged.size;
console.log(
  `${rounds} rounds: ${turns} turns acknowledged; the roles have ${handled} events, ${copies} of which came more than once; slowest ${slowestMs} ms, ${bad} rounds with a loss`,
);
if (bad === 0) rmSync(folder, { recursive: true, force: true });
else console.log(`data kept in ${folder}`);
process.exitCode = bad === 0 ? 0 : 1;
