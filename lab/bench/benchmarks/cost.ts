import { resolve } from 'node:path';
import { percentile } from '../../statistics.ts';
import { firstAudio, jitter, outcomes } from '../load/analysis.ts';
import type { LoadPlan } from '../load/reports.ts';
import type { LoadResult, World, WorldOptions } from '../load/world.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { type BenchContext, type Benchmark, startWorld } from './benchmark.ts';

const SESSIONS = 50;
const RAMP_MS = 6_000;
const MEASURE_MS = 12_000;
const IDLE = { does: 'idle', interruptEvery: 0, rampMs: 1_000 } as const;
const TALK = { does: 'talk', interruptEvery: 4, rampMs: RAMP_MS } as const;

/** A server to be measured, and how it is called in the table. */
interface Candidate {
  readonly what: string;
  readonly world: WorldOptions;
  /** It has no engines and takes audio only. */
  readonly bare?: true;
}

interface Kind {
  readonly what: string;
  readonly plan: Omit<LoadPlan, 'url' | 'speechFile' | 'sessions' | 'measureMs'>;
  readonly bus?: 'nats';
}

const KINDS: readonly Kind[] = [
  { what: 'open microphone', plan: IDLE },
  { what: 'open microphone, echo unknown', plan: { ...IDLE, client: 'native-echo-unknown' } },
  { what: 'open microphone, 40 ms', plan: { ...IDLE, client: 'native-40ms' } },
  { what: 'talking', plan: TALK },
  { what: 'talking, 40 ms', plan: { ...TALK, client: 'native-40ms' } },
  { what: 'talking, echo unknown', plan: { ...TALK, client: 'native-echo-unknown' } },
  { what: 'talking', plan: TALK, bus: 'nats' },
];

/** Processor time of a session by kind, in turns with another build, the other bus, and `ws` alone. */
export const costBenchmark: Benchmark = {
  name: 'cost',
  run: async (context) => {
    const { beside, buses, rounds } = context.options;
    const candidates = [
      ...buses.map((bus) => ({ what: '', world: { bus } })),
      ...(beside === undefined
        ? []
        : buses.map((bus) => ({
            what: ' (beside)',
            world: { bus, module: resolve(beside, 'lab/bench/load/server-process.js') },
          }))),
      { what: ' (ws alone)', world: { bus: 'in-process', module: 'bare-socket-process' }, bare: true },
    ] satisfies Candidate[];
    const results = new Map<string, { place: Pick<Row, 'what' | 'bus' | 'sessions'>; loads: LoadResult[] }>();
    for (let round = 0; round < rounds; round++)
      for (const kind of KINDS)
        for (const candidate of candidates) {
          const { what, world } = candidate;
          const bare = 'bare' in candidate;
          if (bare ? kind !== KINDS[0] : world.bus !== (kind.bus ?? 'in-process')) continue;
          const name = `${kind.what}${what}`;
          context.progress(`round ${round + 1}: ${name}, ${world.bus}`);
          const key = `${name} ${world.bus}`;
          const place = { what: name, bus: world.bus, sessions: SESSIONS };
          const measured = results.get(key) ?? { place, loads: [] };
          results.set(key, measured);
          measured.loads.push(await load(context, world, kind));
        }
    const all = [...results.values()];
    return {
      name: 'cost',
      method: [
        `One server process with ${SESSIONS} sessions, ${rounds} rounds in turns, each with a new server that has made its phrases, and a warm-up with as many. CPU: user and system time of`,
        'all threads of the server’s process, median of the rounds. Own share and jitter: all rounds together.',
      ],
      rows: all.flatMap(({ place, loads }) => rowsOf(place, loads)),
      notes: all.map(
        ({ place, loads }) =>
          `${place.what}, ${place.bus}: ${loads.map((one) => costOf(one).toFixed(3)).join(', ')} % of a core a session`,
      ),
    };
  },
};

async function load(context: BenchContext, options: WorldOptions, { plan }: Kind): Promise<LoadResult> {
  const { quick } = context.options;
  const world: World = await startWorld(context, options);
  try {
    if (!quick) await world.prepared();
    await world.load({ ...plan, sessions: SESSIONS, measureMs: quick ? 2_000 : 8_000 });
    return await world.load({ ...plan, sessions: SESSIONS, measureMs: quick ? 4_000 : MEASURE_MS });
  } finally {
    await world.stop();
  }
}

function rowsOf(place: Pick<Row, 'what' | 'bus' | 'sessions'>, loads: readonly LoadResult[]): Row[] {
  const cost = valueRow(place, '% of a core a session', percentile(loads.map(costOf), 0.5));
  const shares = loads.flatMap((one) => firstAudio(one).map(({ overheadMs }) => overheadMs));
  if (shares.length === 0) return [cost];
  const lost = loads.reduce((sum, one) => sum + outcomes(one).failed + outcomes(one).unanswered, 0);
  return [
    cost,
    spreadRow({ ...place, what: '· own share of first audio' }, 'ms', shares),
    spreadRow(
      { ...place, what: '· frame off its place' },
      'ms',
      loads.flatMap((one) => jitter(one, place.what.includes('40 ms') ? 40 : 20)),
    ),
    valueRow({ ...place, what: '· turns failed or unanswered' }, '', lost, { atMost: 0 }),
  ];
}

function costOf({ usage, clients }: LoadResult): number {
  const { from, to } = usage;
  return (100 * (to.cpuMs - from.cpuMs)) / (to.atMs - from.atMs) / clients.sessions.length;
}
