import { expect, it } from 'vitest';
import { z } from 'zod';
import { realClock } from '../../adapters/real-clock.ts';
import { type Arrival, VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';

const asked = z.object({ messages: z.array(z.looseObject({ role: z.string(), content: z.string() })) });

const REPLY_MS = 20_000;

it('serves a client in text alone, which reports what became of an action, and reports it to the language model', async () => {
  const dataDir = await temporaryFolder();
  const call = { toolCalls: [{ id: 'c1', name: 'turn', arguments: '{"direction":"left"}' }] };
  let rounds = 0;
  const engines = await openaiServer({
    chat: () => (rounds++ === 0 ? chatReply(['I turn.'], call) : chatReply(['Anything ', 'else?'])),
  });
  afterTest(() => engines.close());
  const config = loadConfig({
    cwd: dataDir,
    env: { OPENAI_BASE_URL: engines.baseURL },
    flags: {
      ...{ dataDir, port: '0', 'engines.stt': 'openai', 'engines.llm': 'openai', 'engines.tts': 'openai' },
      ...{ 'llm.tools': 'turn', 'tts.cache.enabled': 'no' },
    },
  });
  const server = await serve({ config, log: makeLogger('silent') });
  afterTest(() => server.close());
  const client = await VoiceClient.connect({
    url: server.url,
    clock: realClock,
    manners: { input: 'text', output: 'text', actions: 'results' },
  });
  afterTest(() => client.close());
  const ended = (count: number) => {
    const isEnd = ({ message }: Arrival) => message.type === 'reply.end';
    return client.waitFor(() => client.arrivals.filter(isEnd).length === count, { timeoutMs: REPLY_MS });
  };

  client.send({ type: 'text', text: 'turn left' });
  const started = await client.waitFor((message) => message.type === 'action', { timeoutMs: REPLY_MS });
  const id = started?.message.type === 'action' ? started.message.id : '';
  client.send({ type: 'action.result', id, status: 'progress', message: 'half way' });
  client.send({ type: 'action.result', id, status: 'failed', message: 'a wall', data: { leftDeg: 40 } });
  client.send({ type: 'action.result', id, status: 'done' });
  // The reply goes on with the result.
  await ended(1);
  client.send({ type: 'text', text: 'did you turn?' });
  await ended(2);

  const messages = client.arrivals.map(({ message }) => message);
  expect(messages.filter(({ type }) => type === 'action')).toMatchObject([
    { id, name: 'turn', status: 'started' },
    { id, status: 'progress', message: 'half way' },
    { id, status: 'failed', message: 'a wall' },
  ]);
  // The client of a session that takes text sends no audio, so there is no AUDIO_NOT_TAKEN.
  expect(messages.filter(({ type }) => type === 'error')).toMatchObject([
    { code: 'ACTION_RESULT_UNEXPECTED' },
  ]);
  expect(messages.filter(({ type }) => type === 'reply.end')).toMatchObject([
    { reason: 'completed', heard: 'I turn. Anything else?' },
    { reason: 'completed', heard: 'Anything else?' },
  ]);
  expect(client.frames).toEqual([]);
  expect(engines.requests.map(({ path }) => path)).not.toContain('/v1/audio/speech');
  expect(asked.parse(engines.requests.at(-1)?.json).messages.slice(-4)).toMatchObject([
    { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'turn' } }] },
    {
      role: 'tool',
      tool_call_id: 'c1',
      content: JSON.stringify({ status: 'failed', message: 'a wall', data: { leftDeg: 40 } }),
    },
    { role: 'assistant', content: 'Anything else?' },
    { role: 'user', content: 'did you turn?' },
  ]);
});
