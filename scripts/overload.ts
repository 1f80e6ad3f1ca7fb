// Lets many talkers attack one server, in real processes, and prints what happened to everybody.
// npx tsx scripts/overload.ts [talkers] [seconds] [flags of the server …]
// OVERLOAD_CPUS=0/1 binds the server to processor 0, and everybody else to processor 1.
import { STOP_IN_FORCE_MS } from '../machines/wire.ts';
import { spokenAttack } from '../test/overload/spoken-attack.ts';
import type { Stalls } from '../test/overload/stalls.ts';
import { violations } from '../test/overload/violations.ts';

const [talkers = '300', seconds = '40', ...flags] = process.argv.slice(2);
const [server, others] = process.env.OVERLOAD_CPUS?.split('/') ?? [];
const report = await spokenAttack({
  talkers: Number(talkers),
  bystanders: 5,
  attackMs: Number(seconds) * 1_000,
  flags,
  ...(server && others && { cpus: { server, others } }),
});

const counts = (of: Readonly<Record<string, number>>) =>
  Object.entries(of)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ') || 'none';
const tally = (all: readonly string[]) =>
  Object.fromEntries(all.map((one) => [one, all.filter((other) => other === one).length]));
const sound = ({ replies, stalled, stalledMs, longestMs }: Stalls) =>
  `${stalled} of ${replies} replies, ${stalledMs.toFixed(0)} ms together, ${longestMs.toFixed(0)} ms the longest`;
const { attackers, bystanders, halt, levels } = report;
const [first] = levels;
const rows = [
  ['turns of those who talked before', counts(bystanders.turns)],
  ['stalls of their replies', sound(bystanders.playback)],
  ['lateness of their own process', `${bystanders.ownLateMs.toFixed(0)} ms at most`],
  ['talkers of the attack let in', `${attackers.admitted}, refused: ${counts(attackers.refused)}`],
  ['their turns', counts(attackers.turns)],
  ['stalls of their replies', sound(attackers.playback)],
  ...levels.map(({ atMs, level, why }) => [
    `level ${level}, ${((atMs - (first?.atMs ?? 0)) / 1_000).toFixed(1)} s`,
    why.replace('overload: ', ''),
  ]),
  ['new clients meanwhile', counts(tally(report.newcomers))],
  [
    'voice stop',
    `${halt.roundTripMs?.toFixed(0)} ms at the client, ${halt.slowestMs.toFixed(1)} ms in the server`,
  ],
  [
    'after the attack',
    `reply for a new client ${report.recoveredMs.toFixed(0)} ms, level 0 ${report.calmMs.toFixed(0)} ms`,
  ],
  ['lateness of timers, p95', `${report.loopDelayMs} ms`],
];
console.log('| what | |\n|---|---|');
for (const [what, value] of rows) console.log(`| ${what} | ${value} |`);
const wrong = violations(report);
// On processors that everybody shares it may be the clients who are late, and elsewhere the one who measures.
if (server && bystanders.playback.longestMs > bystanders.ownLateMs)
  wrong.push('a reply of a running session stalled');
if (report.halt.slowestMs >= STOP_IN_FORCE_MS) wrong.push('the stop was late');
for (const line of wrong) console.log(`WRONG: ${line}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
