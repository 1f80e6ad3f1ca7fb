/** One server process beside two of one supervisor, with as many talking sessions each. Each process has a core of its own and comes first there: clients get what the servers leave. So what decides is measured in the servers: their processor time, and how late their timers fire.
 * `npm run bench:processes -- --sessions 30 --seconds 20 --rounds 2`
 */
import { fork, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { realClock } from '../../adapters/real-clock.ts';
import { makeLogger } from '../../server/log.ts';
import { supervise } from '../../server/processes/supervisor.ts';
import { spread } from '../statistics.ts';
import { runModule } from './load/module.ts';

const clientsReport = z.object({
  latenessMs: z.array(z.number()),
  turns: z.number(),
  completed: z.number(),
});

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
  },
});
const each = Number(values.sessions);
const program = fileURLToPath(new URL('./load/place.js', import.meta.url));
/** What runs a process first on the core of its place; empty where the system does not allow it. */
const pin = (place: number) => [
  'taskset',
  '-c',
  String((place - 1) % availableParallelism()),
  'chrt',
  '-r',
  '1',
];
const [command = '', ...check] = [...pin(1), 'true'];
const pinned = spawnSync(command, check).status === 0;
if (!pinned) console.log('not pinned: taskset or chrt is missing, or not allowed');

/** The metrics whose line begins like this, of each process. */
async function figures(url: string, line: RegExp): Promise<readonly number[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split('\n').flatMap((one) => (line.test(one) ? [Number(one.split(' ').at(-1))] : []));
}

const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0);

interface Cost {
  /** Processor time of a session, % of a core. */
  readonly percent: number;
  /** Share of the servers' timers that fired at most 20 ms late. */
  readonly punctual: number;
}

async function measure(processes: number): Promise<Cost> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const sessions = each * processes;
  const supervisor = await supervise({
    ...{ processes, host: '127.0.0.1', port: 0, continues: true, awayMs: 30_000, rollGraceMs: 1_000 },
    ...{ clock: realClock, log: makeLogger('error') },
    start: (place) => {
      const [execPath = process.execPath, ...execArgv] = pinned ? [...pin(place), process.execPath] : [];
      return fork(program, [String(place), dataDir, String(sessions)], {
        ...{ serialization: 'advanced', detached: true, execPath, execArgv },
      });
    },
  });
  const { url } = supervisor;
  const cpuSeconds = () => figures(url, /^process_cpu_seconds_total\{/u);
  const timers = async () => ({
    all: sum(await figures(url, /^parley_event_loop_delay_seconds_count\{/u)),
    punctual: sum(await figures(url, /^parley_event_loop_delay_seconds_bucket\{.*le="0\.02"/u)),
  });
  while ((await cpuSeconds()).length < processes) await pause(200);
  const before = { cpu: sum(await cpuSeconds()), timers: await timers() };
  const startMs = performance.now();
  const clients = await runModule('sessions-clients', [url, String(sessions), values.seconds]);
  const elapsedMs = performance.now() - startMs;
  const after = { cpu: sum(await cpuSeconds()), timers: await timers() };
  const memory = sum(await figures(url, /^process_resident_memory_bytes\{/u)) / processes / 1_048_576;
  await supervisor.stop('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
  const report = clientsReport.parse(JSON.parse(clients));
  const percent = (100_000 * (after.cpu - before.cpu)) / sessions / elapsedMs;
  const punctual = (after.timers.punctual - before.timers.punctual) / (after.timers.all - before.timers.all);
  console.log(
    `${processes} × ${each} sessions: ${percent.toFixed(2)} % of a core a session, ${(percent * each).toFixed(0)} % of each core; ${(100 * punctual).toFixed(1)} % of the servers' timers at most 20 ms late, ${report.completed} of ${report.turns} turns completed, frames late at the clients ${spread(report.latenessMs)} ms, ${memory.toFixed(0)} MB a process`,
  );
  return { percent, punctual };
}

const costs: { readonly one: Cost; readonly two: Cost }[] = [];
for (let round = 0; round < Number(values.rounds); round++)
  costs.push({ one: await measure(1), two: await measure(2) });
const mean = (of: 'one' | 'two') => sum(costs.map((cost) => cost[of].percent)) / costs.length;
const held = costs.flatMap(({ one, two }) => [one, two]).every(({ punctual }) => punctual >= 0.99);
console.log(
  `two processes on two cores serve ${((2 * mean('one')) / mean('two')).toFixed(2)} × what one serves on one (goal: 1.8), by what a session costs; ${held ? 'all' : 'not all'} kept 99 % of their timers within 20 ms`,
);
