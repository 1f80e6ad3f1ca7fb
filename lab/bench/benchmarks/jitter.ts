import { jitter, underruns } from '../load/analysis.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import type { Benchmark } from './benchmark.ts';

/** Regularity of the 20 ms frames. */
export const jitterBenchmark: Benchmark = {
  name: 'jitter',
  run: async (context) => {
    const rows: Row[] = [];
    for (const bus of context.options.buses) {
      for (const [sessions, result] of await context.conversations(bus)) {
        const goal = sessions <= 200 ? { p99: 20 } : undefined;
        rows.push(spreadRow({ what: 'frame off its place', bus, sessions }, 'ms', jitter(result), goal));
        const { late, frames } = underruns(result);
        rows.push(
          valueRow({ what: '· frames too late to play', bus, sessions }, '%', (100 * late) / frames, {
            atMost: 0,
          }),
        );
      }
    }
    return {
      name: 'jitter',
      method: [
        'Arrival of each 20 ms frame at the client against an even row of 20 ms laid through the median of its reply’s frames; the',
        'first 200 ms, sent ahead at once, do not count. Too late: after a client had to play it that began with the first frame.',
      ],
      rows,
      notes: [],
    };
  },
};
