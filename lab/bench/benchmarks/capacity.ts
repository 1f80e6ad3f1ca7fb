import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { percentile } from '../../statistics.ts';
import { firstAudio, jitter, outcomes, underruns } from '../load/analysis.ts';
import type { LoadResult, WorldOptions } from '../load/world.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { shown } from '../report/table.ts';
import { type Benchmark, startWorld } from './benchmark.ts';

/** Limits that every session must meet for the number of sessions to count as sustained. */
const HELD_P99_MS = 20;
const STEPS = [10, 25, 50, 75, 100, 150, 200, 250];
const QUICK_STEPS = [5, 10];
/** Maximum lateness of the load generator; above it, figures describe the generator rather than the server. */
const GENERATOR_P99_MS = 10;
/** Sizes increase, to show the growth of costs, until this many sessions fail. */
const FAILURES = 2;
const RAMP_MS = 8_000;
const MEASURE_MS = 10_000;
const MEGABYTE = 1_048_576;

/** Number of sessions that one process on one core sustains, and the cost of each. */
export const capacityBenchmark: Benchmark = {
  name: 'capacity',
  run: async (context) => {
    const { quick } = context.options;
    const cpus = pinned();
    const notes = cpus ? [] : ['not pinned to one core: taskset or a second core is missing'];
    const world = await startWorld(context, {
      bus: 'in-process',
      collects: true,
      ...(cpus && { cpus }),
    });
    const measureMs = quick ? 3_000 : MEASURE_MS;
    const talk = { does: 'talk', interruptEvery: 4, rampMs: RAMP_MS } as const;
    await world.load({ ...talk, sessions: 10, rampMs: 1_000, measureMs: quick ? 1_000 : 6_000 });

    const rows: Row[] = [];
    const idleSessions = quick ? 10 : 100;
    context.progress(`${idleSessions} idle sessions`);
    const before = await world.usage(true);
    const idle = await world.load({
      ...talk,
      does: 'idle',
      sessions: idleSessions,
      rampMs: 1_000,
      measureMs,
    });
    rows.push(...costRows('idle', idleSessions, idle, before.residentBytes));

    let held = 0;
    let served = 0;
    let failures = 0;
    for (const sessions of quick ? QUICK_STEPS : STEPS) {
      context.progress(`${sessions} sessions in conversation on one core`);
      const base = await world.usage(true);
      const result = await world.load({ ...talk, sessions, measureMs });
      const verdict = judge(sessions, result);
      rows.push(...verdict.rows, ...costRows('talking', sessions, result, base.residentBytes));
      if (verdict.generatorMs > GENERATOR_P99_MS)
        notes.push(
          `at ${sessions} sessions the generator itself was ${shown(verdict.generatorMs)} ms late (p99)`,
        );
      if (verdict.holds) held = sessions;
      if (verdict.serves) served = sessions;
      else if (++failures === FAILURES) break;
    }
    await world.stop();
    rows.push(valueRow({ what: 'sessions held on one core' }, '', held, { atLeast: 200 }));
    rows.push(valueRow({ what: '· served: every turn answered, no frame too late to play' }, '', served));
    return {
      name: 'capacity',
      method: [
        'One server process on one core (`taskset`), clients and engines on the other; conversations of which every fourth reply is',
        'interrupted. Held: p99 of jitter and of own share at most 20 ms, every turn answered. CPU and resident memory are the server’s alone.',
      ],
      rows,
      notes,
    };
  },
};

function judge(sessions: number, result: LoadResult) {
  const overhead = firstAudio(result).map(({ overheadMs }) => overheadMs);
  const unevenness = jitter(result);
  const { failed, unanswered } = outcomes(result);
  const goal = { p99: HELD_P99_MS };
  const rows = [
    spreadRow({ what: 'own share of first audio', sessions }, 'ms', overhead, goal),
    spreadRow({ what: 'jitter', sessions }, 'ms', unevenness, goal),
  ];
  return {
    rows,
    serves: failed + unanswered + underruns(result).late === 0,
    holds: rows.every(({ met }) => met) && failed + unanswered === 0 && overhead.length > 0,
    generatorMs: percentile([...result.clients.sendLatenessMs], 0.99),
  };
}

function costRows(what: string, sessions: number, { usage }: LoadResult, baseBytes: number): Row[] {
  const cores = (usage.to.cpuMs - usage.from.cpuMs) / (usage.to.atMs - usage.from.atMs);
  const megabytes = (usage.peakResidentBytes - baseBytes) / MEGABYTE;
  return [
    valueRow({ what: `CPU a session, ${what}`, sessions }, '% of a core', (100 * cores) / sessions),
    valueRow({ what: `memory a session, ${what}`, sessions }, 'MB', megabytes / sessions, { atMost: 2 }),
  ];
}

/** One core for the server and the rest for the others, if possible. */
function pinned(): WorldOptions['cpus'] {
  const cores = availableParallelism();
  if (cores < 2 || spawnSync('taskset', ['-V']).status !== 0) return undefined;
  return { server: '0', others: cores === 2 ? '1' : `1-${cores - 1}` };
}
