import type { EnginesReport } from '../load/reports.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { type Benchmark, startWorld } from './benchmark.ts';

const DEADLINE_MS = 400;
const GOAL = { p50: 10, p99: 10 };

/** Delay to the request at the next engine when one fails. */
export const failoverBenchmark: Benchmark = {
  name: 'failover',
  run: async (context) => {
    const { quick } = context.options;
    const sessions = quick ? 2 : 20;
    const rows: Row[] = [];
    const servers = (...names: string[]) =>
      JSON.stringify(Object.fromEntries(names.map((name) => [name, { baseURL: `{engines}/${name}/v1` }])));
    const world = await startWorld(context, {
      bus: 'in-process',
      flags: {
        'engines.llm': 'fail,hang,ok',
        'llm.servers': servers('fail', 'hang', 'ok'),
        'engines.tts': 'fail,hang,ok',
        'tts.servers': servers('fail', 'hang', 'ok'),
        'deadlines.llm-first-token-ms': String((DEADLINE_MS * 8) / 3),
        'deadlines.tts-ms': String(Math.round((DEADLINE_MS * 10) / 3)),
        // The circuit breaker would open after a few failures; here the failing engine must be asked every time.
        'chains.failures': '1000000',
      },
    });
    const load = { does: 'type', interruptEvery: 0, rampMs: 1_000, sessions } as const;
    await world.load({ ...load, measureMs: quick ? 2_000 : 6_000 });
    context.progress(`${sessions} sessions with engines that fail and hang`);
    const { engines, clients } = await world.load({ ...load, measureMs: quick ? 8_000 : 20_000 });
    await world.stop();
    for (const kind of ['llm', 'tts'] as const) {
      const { afterFailure, afterDeadline } = switches(engines[kind]);
      rows.push(
        spreadRow({ what: `${kind}: failed → next asked`, sessions }, 'ms', afterFailure, GOAL),
        spreadRow({ what: `${kind}: deadline over → next asked`, sessions }, 'ms', afterDeadline, GOAL),
      );
    }
    const ended = clients.sessions
      .flatMap(({ replies }) => replies)
      .filter(({ endedMs }) => endedMs !== undefined);
    const mute = ended.filter(({ firstFrameMs }) => firstFrameMs === undefined).length;
    const lost = ended.length === 0 ? Number.NaN : mute;
    rows.push(valueRow({ what: '· turns without audio', sessions }, '', lost, { atMost: 0 }));
    return {
      name: 'failover',
      method: [
        'Chains of three servers for LLM and TTS: the first answers 500 at once, the second never, the third well. In the engine process:',
        `answer of the first sent → request at the second; request at the second + its deadline (${DEADLINE_MS} ms) → request at the third.`,
      ],
      rows,
      notes: [],
    };
  },
};

interface Asked {
  readonly id: string;
  readonly engine: string;
  readonly receivedMs: number;
  readonly failedMs?: number | undefined;
}

function switches(calls: EnginesReport['llm'] | EnginesReport['tts']) {
  const byId = new Map<string, Asked[]>();
  for (const call of calls) {
    if (call.id === '') continue;
    byId.set(call.id, [...(byId.get(call.id) ?? []), call]);
  }
  const afterFailure: number[] = [];
  const afterDeadline: number[] = [];
  for (const asked of byId.values()) {
    const [failed, hung, well] = ['fail', 'hang', 'ok'].map((name) =>
      asked.find(({ engine }) => engine === name),
    );
    if (failed?.failedMs !== undefined && hung) afterFailure.push(hung.receivedMs - failed.failedMs);
    if (hung && well) afterDeadline.push(well.receivedMs - hung.receivedMs - DEADLINE_MS);
  }
  return { afterFailure, afterDeadline };
}
