import { percentile } from '../../statistics.ts';
import { firstAudio, outcomes } from '../load/analysis.ts';
import { bareRelay } from '../load/bare-relay.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { shown } from '../report/table.ts';
import type { Benchmark } from './benchmark.ts';

/** Parley's part of the delay from the end of the user's speech to the first audio at the client. */
export const firstAudioBenchmark: Benchmark = {
  name: 'first-audio',
  run: async (context) => {
    const rows: Row[] = [];
    const notes: string[] = [];
    context.progress('a bare relay');
    rows.push(
      spreadRow(
        { what: 'a bare relay in a server’s place', sessions: 1 },
        'ms',
        await bareRelay(context.options.quick),
      ),
    );
    for (const bus of context.options.buses) {
      for (const [sessions, result] of await context.conversations(bus)) {
        const turns = firstAudio(result);
        const part = (pick: (turn: (typeof turns)[number]) => number) => turns.map(pick);
        const place = { what: 'Parley’s own share', bus, sessions };
        const goal = sessions === 1 ? { p50: 3 } : sessions <= 100 ? { p50: 5, p95: 20, p99: 20 } : undefined;
        rows.push(
          spreadRow(
            place,
            'ms',
            part((turn) => turn.overheadMs),
            goal,
          ),
        );
        rows.push(
          spreadRow(
            { ...place, what: '· all of it' },
            'ms',
            part((turn) => turn.totalMs),
          ),
        );
        const middle = (pick: (turn: (typeof turns)[number]) => number) => shown(percentile(part(pick), 0.5));
        notes.push(
          `${bus}, ${sessions}: medians of the parts: endpoint over → STT has the utterance ${middle((turn) => turn.toSttMs)}, transcript → LLM asked ${middle((turn) => turn.toLlmMs)}, token → TTS asked ${middle((turn) => turn.toTtsMs)}, first PCM → client ${middle((turn) => turn.toClientMs)} ms; first segment after ${middle((turn) => turn.tokens)} tokens; the generator sent ${shown(percentile([...result.clients.sendLatenessMs], 0.99))} ms late (p99)`,
        );
        const { ended, failed, unanswered, errors } = outcomes(result);
        const lost = ended === 0 ? Number.NaN : failed + unanswered;
        rows.push(valueRow({ ...place, what: '· turns failed or unanswered' }, '', lost, { atMost: 0 }));
        if (errors.length > 0) notes.push(`${bus}, ${sessions}: errors ${errors.join(', ')}`);
      }
    }
    return {
      name: 'first-audio',
      method: [
        'End of speech as the client sent it → first audio frame at the client; off go the endpoint delay (500 ms) and what STT, LLM',
        '(to the token that completes the first segment) and TTS took by the engine process’s own clock. The relay: the same requests by bare node:http.',
      ],
      rows,
      notes,
    };
  },
};
