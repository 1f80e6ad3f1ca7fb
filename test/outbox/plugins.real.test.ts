import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';

it('a worker of another program gets what was said and called; a deleted session takes its events from the stream', async () => {
  const broker = await startNatsServer({ args: ['-js', '-sd', await temporaryFolder()] });
  afterTest(() => broker.stop());
  const dataDir = await temporaryFolder();
  const flags = { port: '0', dataDir, 'bus.natsUrl': broker.url, 'outbox.plugins': 'true' };
  const server = await serve({
    config: loadConfig({ flags }),
    log: makeLogger('silent'),
    parts: {
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, []),
        llm: scriptedLlm(realClock, () => ({
          text: 'I dance.',
          actions: [{ type: 'action', id: '1', name: 'dance', args: { steps: 2 } }],
          firstTokenMs: 1,
          tokenMs: 1,
        })),
        tts: scriptedTts(realClock, () => ({})),
      },
    },
  });
  afterTest(() => server.close());
  const manners = { input: 'text', output: 'text' } as const;
  const client = await VoiceClient.connect({ url: server.url, user: 'anna', manners });
  const say = async (text: string) => {
    const since = client.arrivals.length;
    client.send({ type: 'text', text });
    await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: 10_000 });
  };
  const connection = await connect({ servers: broker.url });
  afterTest(() => connection.close());
  const streams = await jetstream(connection).jetstreamManager();
  const waiting = async () => (await streams.streams.info('events-plugins')).state.messages;

  await say('dance for me');
  await expect.poll(waiting).toBe(1);
  const consumer = await jetstream(connection).consumers.get('events-plugins', 'plugins');
  const message = await consumer.next({ expires: 5_000 });
  const ready = client.arrivals[0]?.message;
  const session = ready?.type === 'ready' ? ready.session : '';
  expect(message?.headers?.get('Parley-Event')).toBe(`${session}/1/1/PluginTurnEnded`);
  expect(message?.json()).toMatchObject({
    ...{ correlationId: `${session}#1`, sessionId: session, turn: 1, type: 'PluginTurnEnded' },
    payload: {
      ...{ text: 'dance for me', reply: 'I dance.', language: 'en', user: 'anna', reason: 'completed' },
      actions: [{ name: 'dance', args: { steps: 2 }, status: expect.any(String) }],
    },
  });
  await message?.ackAck();
  await expect.poll(waiting).toBe(0);

  await say('dance once more');
  await expect.poll(waiting).toBe(1);
  await client.close();
  const store = sqliteStore({ path: `${dataDir}/parley.db` });
  afterTest(() => store.close());
  await expect.poll(() => store.outbox.backlog()).toMatchObject({ events: 0 });
  const deleted = parley(['journal', 'delete', '--force', session, '--data-dir', dataDir], {
    NATS_URL: broker.url,
  });
  expect(await deleted.exited).toBe(0);
  expect(await waiting()).toBe(0);
});
