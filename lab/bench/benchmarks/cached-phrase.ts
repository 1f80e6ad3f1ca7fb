import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textFirstFrame } from '../load/analysis.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { type Benchmark, startWorld } from './benchmark.ts';

const DIALOG = `language: en
entries:
  - id: see
    phrases: what do you see
    replies: I see a table and two chairs.
`;

/** Delay to the first audio of a cached phrase. */
export const cachedPhraseBenchmark: Benchmark = {
  name: 'cached-phrase',
  run: async (context) => {
    const { quick, buses } = context.options;
    const sessions = quick ? 2 : 20;
    const rows: Row[] = [];
    const folder = temporaryFolder('dialog');
    try {
      const dialog = join(folder.path, 'bench.dialog.yaml');
      await writeFile(dialog, DIALOG);
      for (const bus of buses) {
        const world = await startWorld(context, { bus, flags: { 'engines.llm': 'dialog', dialog } });
        const load = {
          does: 'type',
          typed: 'what do you see',
          interruptEvery: 1,
          rampMs: 1_000,
        } as const;
        await world.load({ ...load, sessions, measureMs: quick ? 2_000 : 5_000 });
        context.progress(`${bus}: ${sessions} sessions ask for a known phrase`);
        const result = await world.load({ ...load, sessions, measureMs: quick ? 3_000 : 10_000 });
        await world.stop();
        rows.push(
          spreadRow({ what: 'end of turn → first audio', bus, sessions }, 'ms', textFirstFrame(result), {
            p50: 10,
          }),
          valueRow({ what: '· speech synthesis asked', bus, sessions }, 'times', result.engines.tts.length, {
            atMost: 0,
          }),
        );
      }
    } finally {
      folder.remove();
    }
    return {
      name: 'cached-phrase',
      method: [
        'A typed text, which the server’s own dialog answers with a phrase that it has spoken before → first audio frame at the client.',
        'Nothing is taken off: no engine outside the process is asked. Each session types again 0.7 s after the reply is first heard.',
      ],
      rows,
      notes: [],
    };
  },
};
