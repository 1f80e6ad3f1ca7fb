/** The server of the benchmark in its own process, so that its processor time and memory can be measured. */
import { z } from 'zod';
import { loadConfig } from '../../../server/config/load.ts';
import { makeLogger } from '../../../server/log.ts';
import { serve } from '../../../server/serve.ts';
import type { Server } from '../../../server/serve-options.ts';
import { answerParent } from './child-process.ts';
import { monotonicMs } from './monotonic.ts';
import type { EarStamp, Usage } from './reports.ts';

const setup = z.object({ dataDir: z.string(), flags: z.record(z.string(), z.string()) });

let server: Server | undefined;
let stamps: EarStamp[] = [];

answerParent(
  {
    start: async (argument) => {
      const { dataDir, flags } = setup.parse(argument);
      server = await serve({
        config: loadConfig({
          flags: { port: '0', 'data-dir': dataDir, ...flags },
          cwd: dataDir,
          constants: true,
        }),
        log: makeLogger('error'),
        onLog: (session, entry) => {
          if (entry.type !== 'event') return;
          const { event } = entry;
          if (event.type === 'speech.start' || event.type === 'speech.stop')
            stamps.push({
              session,
              type: event.type,
              sample: event.sample,
              atMs: monotonicMs(),
            });
        },
      });
      return server.url;
    },
    usage: (): Usage => {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external } = process.memoryUsage();
      return {
        atMs: monotonicMs(),
        cpuMs: (user + system) / 1_000,
        residentBytes: rss,
        heapBytes: heapUsed + external,
      };
    },
    collect: () => globalThis.gc?.(),
    /** Detected speech since the last request. */
    takeStamps: () => {
      const taken = stamps;
      stamps = [];
      return taken;
    },
    sessions: () => server?.stats().sessions ?? 0,
  },
  async () => server?.close(),
);
