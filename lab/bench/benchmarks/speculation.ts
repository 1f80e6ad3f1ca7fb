import { percentile } from '../../statistics.ts';
import type { LoadResult } from '../load/world.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { type Benchmark, startWorld } from './benchmark.ts';

/** Requests in this time before the end of a load have no reply yet, ms. */
const TAIL_MS = 2_000;

const METHOD = [
  'A recogniser with partial transcripts (a worker on NATS; all words known about when the user falls silent, and one in four changed',
  'at the end); the last of the user’s speech sent → first audio frame at the client, with and without. For nothing: nobody heard a reply to it.',
] as const;
/** Benefit and cost of speculative replies during the endpoint delay. */
export const speculationBenchmark: Benchmark = {
  name: 'speculation',
  run: async (context) => {
    const { quick } = context.options;
    const sessions = quick ? 2 : 10;
    const rows: Row[] = [];
    const medians: number[] = [];
    for (const enabled of [false, true]) {
      const world = await startWorld(context, {
        bus: 'nats',
        partials: true,
        flags: { 'speculation.enabled': String(enabled) },
      });
      const load = { does: 'talk', interruptEvery: 2, rampMs: 1_000, sessions } as const;
      await world.load({ ...load, measureMs: quick ? 2_000 : 6_000 });
      context.progress(`${sessions} sessions ${enabled ? 'with' : 'without'} speculation`);
      const result = await world.load({ ...load, measureMs: quick ? 5_000 : 16_000 });
      await world.stop();
      const waited = waits(result);
      medians.push(percentile(waited, 0.5));
      const name = enabled ? 'with' : 'without';
      rows.push(spreadRow({ what: `end of speech → audio, ${name}`, sessions }, 'ms', waited));
      rows.push(
        valueRow({ what: `· LLM requests for nothing, ${name}`, sessions }, '%', wastedShare(result)),
      );
    }
    const [without = Number.NaN, with_ = Number.NaN] = medians;
    rows.push(valueRow({ what: 'gain of the median', sessions }, 'ms', without - with_, { atLeast: 0 }));
    return {
      name: 'speculation',
      method: METHOD,
      rows,
      notes: [],
    };
  },
};

function waits({ clients }: LoadResult): number[] {
  return clients.sessions
    .flatMap(({ replies }) => replies)
    .flatMap(({ spokenMs, firstFrameMs }) =>
      spokenMs !== undefined && firstFrameMs !== undefined && firstFrameMs >= clients.measureFromMs
        ? [firstFrameMs - spokenMs]
        : [],
    );
}

function wastedShare({ clients, engines }: LoadResult): number {
  const asked = engines.llm.filter(({ receivedMs }) => receivedMs < clients.endMs - TAIL_MS);
  const heard = new Set(
    clients.sessions.flatMap(({ replies }) =>
      replies.flatMap(({ words, firstFrameMs }) =>
        firstFrameMs === undefined ? [] : [words.split(' ').at(-1) ?? ''],
      ),
    ),
  );
  const useful = new Set(asked.map(({ id }) => id).filter((id) => heard.has(id)));
  return (100 * (asked.length - useful.size)) / Math.max(1, asked.length);
}
