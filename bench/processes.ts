/** One server process beside two of one supervisor, with as many talking sessions each: what a session costs in processor time, and how late its frames are.
 * `npm run bench:processes -- --sessions 20 --seconds 20 --rounds 2`
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { realClock } from '../adapters/real-clock.ts';
import { makeLogger } from '../server/log.ts';
import { supervise } from '../server/processes/supervisor.ts';
import { runModule } from './load/module.ts';
import { spread } from './statistics.ts';

const clientsReport = z.object({
  latenessMs: z.array(z.number()),
  turns: z.number(),
  completed: z.number(),
});

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
  },
});
const each = Number(values.sessions);
const program = fileURLToPath(new URL('./load/place.js', import.meta.url));

/** The sum of a figure over all processes, and how many there are. */
async function figure(
  url: string,
  name: string,
): Promise<{ readonly sum: number; readonly processes: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gmu'))];
  return { sum: found.reduce((sum, [, value]) => sum + Number(value), 0), processes: found.length };
}

/** CPU of all server processes in ms for a session and second. */
async function measure(processes: number): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const sessions = each * processes;
  const supervisor = await supervise({
    ...{ processes, host: '127.0.0.1', port: 0, continues: true, awayMs: 30_000, rollGraceMs: 1_000 },
    ...{ clock: realClock, log: makeLogger('error') },
    start: (place) =>
      fork(program, [String(place), dataDir, String(sessions)], {
        serialization: 'advanced',
        detached: true,
      }),
  });
  const { url } = supervisor;
  const cpu = () => figure(url, 'process_cpu_seconds_total');
  while ((await cpu()).processes < processes) await pause(200);
  const before = await cpu();
  const startMs = performance.now();
  const clients = await runModule('sessions-clients', [url, String(sessions), values.seconds]);
  const elapsedMs = performance.now() - startMs;
  const cpuMs = ((await cpu()).sum - before.sum) * 1_000;
  const memory = await figure(url, 'process_resident_memory_bytes');
  await supervisor.stop('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
  const report = clientsReport.parse(JSON.parse(clients));
  const cost = cpuMs / sessions / (elapsedMs / 1_000);
  console.log(
    `${processes} × ${each} sessions: ${(cost / 10).toFixed(2)} % of a core a session, ${report.completed} of ${report.turns} turns completed, frames late ${spread(report.latenessMs)} ms, ${(memory.sum / processes / 1_048_576).toFixed(0)} MB a process`,
  );
  return cost;
}

const costs: { readonly one: number; readonly two: number }[] = [];
for (let round = 0; round < Number(values.rounds); round++)
  costs.push({ one: await measure(1), two: await measure(2) });
const total = (of: 'one' | 'two') => costs.reduce((sum, cost) => sum + cost[of], 0);
console.log(
  `two processes on two cores serve ${((2 * total('one')) / total('two')).toFixed(2)} × what one serves on one (goal: 1.8), by processor time of the servers: clients use the same cores`,
);
