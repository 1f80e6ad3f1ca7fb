import { bargeIns } from '../load/analysis.ts';
import { type Row, spreadRow } from '../report/rows.ts';
import type { Benchmark } from './benchmark.ts';

/** Delay from the user's speech to silence. */
export const bargeInBenchmark: Benchmark = {
  name: 'barge-in',
  run: async (context) => {
    const rows: Row[] = [];
    for (const bus of context.options.buses) {
      for (const [sessions, result] of await context.conversations(bus)) {
        const all = bargeIns(result);
        const goal = sessions <= 100 ? { p50: 5, p99: 20 } : { p50: 5 };
        rows.push(
          spreadRow(
            { what: 'VAD’s word → silence', bus, sessions },
            'ms',
            all.map(({ clearedMs }) => clearedMs),
            goal,
          ),
          spreadRow(
            { what: '· audio sent → silence', bus, sessions },
            'ms',
            all.map(({ fromAudioMs }) => fromAudioMs),
          ),
        );
      }
    }
    return {
      name: 'barge-in',
      method: [
        'The server’s log of the VAD’s speech event → `playback` paused and the last audio frame at the client, whichever is later; replies are',
        'interrupted 0.7 s after their first frame. Second line: from the client’s sending of the 32 ms of audio that decided.',
      ],
      rows,
      notes: [],
    };
  },
};
