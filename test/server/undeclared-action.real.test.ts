import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

/** The result of a language model's call of `turn`, an action of the dialog file. */
async function statusOfTurn(flags: Record<string, string>): Promise<readonly string[]> {
  const dataDir = await temporaryFolder();
  const call = { toolCalls: [{ name: 'turn', arguments: '{"direction":"left"}' }] };
  let rounds = 0;
  const engines = await openaiServer({
    chat: () => (rounds++ === 0 ? chatReply(['Hello.'], call) : chatReply(['Done.'])),
  });
  afterTest(() => engines.close());
  const config = loadConfig({
    cwd: dataDir,
    env: { ...UNHURRIED, OPENAI_BASE_URL: engines.baseURL },
    flags: {
      ...{ dataDir, port: '0', 'engines.stt': 'openai', 'engines.llm': 'openai', 'engines.tts': 'openai' },
      ...{ 'tts.cache.enabled': 'no', ...flags },
    },
  });
  const server = await serve({ config, log: makeLogger('silent') });
  afterTest(() => server.close());
  const client = await VoiceClient.connect({ url: server.url, clock: realClock });
  afterTest(() => client.close());
  client.send({ type: 'text', text: 'turn round, please' });
  await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 20_000 });
  return client.arrivals.flatMap(({ message }) => (message.type === 'action' ? message.status : []));
}

it('refuses an action of the dialog file that was not declared to the language model', async () => {
  expect(await statusOfTurn({})).toEqual(['refused']);
});

it('starts an action that llm.tools declares', async () => {
  expect((await statusOfTurn({ 'llm.tools': 'turn' }))[0]).toBe('started');
});
