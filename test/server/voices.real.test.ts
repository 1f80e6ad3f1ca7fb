import { expect, it } from 'vitest';
import type { ChainEvent } from '../../actors/chain/mod.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { writeWav } from '../../adapters/wav.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { errorAnswer } from '../../testing/loopback/http-script.ts';
import { speechBytes, toneSamples } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const REPLY_MS = 20_000;

it('a server of speech that sends WAV and does not have the voice of the client speaks at the right speed in its own', async () => {
  const dataDir = await temporaryFolder();
  const sound = writeWav({ rate: 16_000, samples: toneSamples(500, 16_000) });
  const engines = await openaiServer({
    speech: ({ json }) =>
      JSON.stringify(json).includes('marin')
        ? errorAnswer(400, 'voice: input should be one of amy, ryan')
        : speechBytes(sound, { contentType: 'audio/wav' }),
  });
  afterTest(() => engines.close());
  const config = loadConfig({
    cwd: dataDir,
    env: { ...UNHURRIED, OPENAI_BASE_URL: engines.baseURL },
    flags: {
      ...{ dataDir, port: '0', 'engines.stt': 'openai', 'engines.llm': 'openai', 'engines.tts': 'openai' },
      ...{ 'tts.cache.enabled': 'no', 'tts.openai.voice': 'amy' },
    },
  });
  const events: ChainEvent[] = [];
  const server = await serve({
    ...{ config, log: makeLogger('silent') },
    onEngineEvent: (event) => events.push(event),
  });
  afterTest(() => server.close());
  const client = await VoiceClient.connect({ url: server.url, clock: realClock, voice: 'marin' });
  afterTest(() => client.close());
  for (let turn = 1; turn <= 4; turn++) {
    client.send({ type: 'text', text: 'hello' });
    const ended = () => client.arrivals.filter(({ message }) => message.type === 'reply.end').length === turn;
    await client.waitFor(ended, { timeoutMs: REPLY_MS });
  }
  const messages = client.arrivals.map(({ message }) => message);
  expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
  const speech = events.filter(({ kind }) => kind === 'tts');
  expect(speech.filter(({ type }) => type === 'voiceUnknown')).toMatchObject([{ voice: 'marin' }]);
  expect(speech.filter(({ type }) => type === 'failed' || type === 'breaker')).toEqual([]);
  // 500 ms of speech in frames of 20 ms.
  const frames = client.frames.filter(({ generation }) => generation === client.frames[0]?.generation);
  expect(frames.length).toBeGreaterThanOrEqual(25);
  expect(frames.length).toBeLessThan(35);
});
