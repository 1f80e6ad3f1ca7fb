import { expect } from 'vitest';
import { dialogLlm } from '../../adapters/llm/dialog/dialog.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { readDialog } from '../../server/dialog-file.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { levelVad, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

/** Servers of one data directory with the example dialog that remembers, and clients that type. */
export async function startScene(flags: Record<string, string> = {}) {
  const dataDir = await temporaryFolder();
  const server = async () => {
    const config = loadConfig({
      cwd: dataDir,
      env: UNHURRIED,
      flags: {
        ...{ dataDir, port: '0', dialog: 'examples/memory.dialog.yaml', 'memory.engine': 'local' },
        ...flags,
      },
    });
    const started = await serve({
      ...{ config, log: makeLogger('silent') },
      parts: {
        vad: levelVad(),
        engines: {
          stt: scriptedStt(realClock, []),
          llm: dialogLlm({ dialog: await readDialog(config) }),
          tts: scriptedTts(realClock, () => ({})),
        },
      },
    });
    afterTest(() => started.close());
    return started;
  };
  const visit = async ({ url }: Server, user?: string) => {
    const manners = { input: 'text', output: 'text' } as const;
    const client = await VoiceClient.connect({
      url,
      clock: realClock,
      manners,
      ...(user !== undefined && { user }),
    });
    afterTest(() => client.close());
    return {
      client,
      /** Types words; resolves with the whole reply. */
      async say(text: string) {
        const since = client.arrivals.length;
        client.send({ type: 'text', text });
        const end = await client.waitFor((message) => message.type === 'reply.end', {
          since,
          timeoutMs: 20_000,
        });
        return end?.message.type === 'reply.end' ? end.message.heard : undefined;
      },
      leave: () => client.close(),
    };
  };
  /** Resolves when the memory has this many things of a user. */
  const remembered = async (user: string, count: number) => {
    const store = sqliteStore({ path: `${dataDir}/parley.db` });
    try {
      await expect.poll(() => store.memories.list(user)).toHaveLength(count);
    } finally {
      await store.close();
    }
  };
  return { dataDir, server, visit, remembered };
}
