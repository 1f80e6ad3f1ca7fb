import { textFirstDelta } from '../load/analysis.ts';
import { type Row, spreadRow } from '../report/rows.ts';
import { type Benchmark, startWorld } from './benchmark.ts';

/** Delay from a typed text to the first text of the reply. */
export const textFirstDeltaBenchmark: Benchmark = {
  name: 'text-first-delta',
  run: async (context) => {
    const rows: Row[] = [];
    const { quick, buses } = context.options;
    const sessions = quick ? 2 : 10;
    for (const bus of buses) {
      const world = await startWorld(context, { bus });
      const load = { does: 'type', interruptEvery: 1, sessions, rampMs: 1_000 } as const;
      await world.load({ ...load, measureMs: quick ? 1_000 : 4_000 });
      context.progress(`${bus}: ${sessions} sessions type`);
      const result = await world.load({ ...load, measureMs: quick ? 3_000 : 10_000 });
      await world.stop();
      rows.push(
        spreadRow({ what: 'Parley’s own share', bus, sessions }, 'ms', textFirstDelta(result), { p99: 5 }),
      );
    }
    return {
      name: 'text-first-delta',
      method: [
        'A typed text is sent → the first `reply` message is at the client; off goes what the LLM took to its first token by its own',
        'clock. Each session types again 0.7 s after the reply is first heard.',
      ],
      rows,
      notes: [],
    };
  },
};
