import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { processMemory } from '../../lab/bench/memory/process.ts';
import { startServer } from '../../lab/bench/memory/server.ts';
import { speak } from '../../lab/hearing/speech.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { afterTest } from '../support/after-test.ts';

const MB = 1_000_000;
/** A server that starts on a busy machine takes a minute. */
const ENDS_MS = 300_000;

it.skipIf(process.platform !== 'linux')(
  'a server with the embedded engines and two spoken sessions fits into the computer of a robot',
  async () => {
    const server = await startServer(fileURLToPath(new URL('../..', import.meta.url)));
    afterTest(() => server.stop());
    const { samples } = await speak('what is your name', 'en-us');
    const spoken = ['anna', 'ben'].map(async (user) => {
      const client = await VoiceClient.connect({ url: server.url, user });
      afterTest(() => client.close());
      await client.say({ rate: PIPELINE_RATE, samples });
      return client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: ENDS_MS });
    });
    for (const end of await Promise.all(spoken)) expect(end?.message.type).toBe('reply.end');
    // The whole process, with 80 MB of programs that are mapped. With a model for each decoder it was 600 (lab/memory.md).
    expect(processMemory(server.pid).resident).toBeLessThan(460 * MB);
  },
  ENDS_MS,
);
