import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runModule } from '../load/module.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';
import { valueRow } from '../report/rows.ts';
import type { Benchmark } from './benchmark.ts';

const steps = z.object({ all: z.object({ p50Us: z.number(), p99Us: z.number() }) });
const replayed = z.object({
  stepOnlyPerSecond: z.number(),
  recordedPerSecond: z.number(),
  replayedPerSecond: z.number(),
});
const TURNS_PER_SECOND = /(\d+) turns\/s of processor time/u;

/** The machine without its environment: steps, replay, simulation. */
export const kernelBenchmark: Benchmark = {
  name: 'kernel',
  run: async (context) => {
    const { quick } = context.options;
    const run = (module: string, args: readonly string[]) => runModule(module, args, context.stopAtEnd);
    const folder = temporaryFolder('kernel');
    try {
      const kernelFile = join(folder.path, 'kernel.json');
      const replayFile = join(folder.path, 'replay.json');
      context.progress('kernel steps');
      await run('kernel', ['--turns', quick ? '200' : '2000', '--json', kernelFile]);
      context.progress('replay of the golden journals');
      await run('replay', ['--seconds', quick ? '1' : '5', '--json', replayFile]);
      context.progress('simulator');
      const simulated = await run('simulation', []);
      const step = steps.parse(JSON.parse(await readFile(kernelFile, 'utf8')));
      const replay = replayed.parse(JSON.parse(await readFile(replayFile, 'utf8')));
      const turns = Number(TURNS_PER_SECOND.exec(simulated)?.[1]);
      return {
        name: 'kernel',
        method: [
          'lab/bench/kernel.ts, lab/bench/replay.ts and lab/bench/simulation.ts, one after the other on one core: each step of the kernel timed on its',
          'own over spoken turns; the golden journals replayed with every hash checked; simulated turns with every fault and check on.',
        ],
        rows: [
          valueRow({ what: 'step of the kernel, median' }, 'µs', step.all.p50Us, { atMost: 50 }),
          valueRow({ what: '· p99' }, 'µs', step.all.p99Us),
          valueRow({ what: 'steps' }, 'a second', replay.stepOnlyPerSecond),
          valueRow({ what: 'steps with their record' }, 'a second', replay.recordedPerSecond),
          valueRow({ what: 'events replayed' }, 'a second', replay.replayedPerSecond, { atLeast: 20_000 }),
          valueRow({ what: 'simulated turns' }, 'a CPU second', turns, { atLeast: 1_000 }),
        ],
        notes: [],
      };
    } finally {
      folder.remove();
    }
  },
};
