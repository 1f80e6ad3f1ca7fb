/** Two servers in a chain: one makes the speech of a chat, the other plays it to its robot, whose user interrupts. */
import { describe, expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { asking, ChatAnswer } from '../../server/endpoints/chat-stream/chat-test-util.ts';
import { type Scene, startServer } from '../realtime/scene.ts';
import { afterTest } from '../support/after-test.ts';

const PATIENCE_MS = 20_000;
async function chain(robot: Scene, chat: Scene) {
  const player = await startServer(robot);
  const client = await VoiceClient.connect({ url: player.server.url, clock: realClock });
  afterTest(() => client.close());
  const [ready] = client.arrivals;
  const sessionId = ready?.message.type === 'ready' ? ready.message.session : '';
  const url = `${player.server.url.replace('http', 'ws')}/ws/ingest/tts`;
  const maker = await startServer({ ...chat, flags: { 'ingest.url': url } });
  const post = (content: string, turn: number) =>
    ChatAnswer.post(maker.server.url, asking(content, { turn, sessionId }));
  const next = async (matches: Parameters<VoiceClient['waitFor']>[0]) =>
    (await client.waitFor(matches, { timeoutMs: PATIENCE_MS }))?.message;
  return { client, player, maker, post, next };
}

/** A tone that the level detector takes for speech. */
function tone(ms: number) {
  const samples = Int16Array.from({ length: (ms * PIPELINE_RATE) / 1_000 }, (_, i) =>
    i % 20 < 10 ? 8_000 : -8_000,
  );
  return { rate: PIPELINE_RATE, samples } as const;
}

describe('speech of a chat at a robot', () => {
  it('is heard there, and the chat is done when it was', async () => {
    const { post, next, maker } = await chain({}, {});
    const answer = await post('what is here', 1);
    await answer.all();
    expect(answer.events.at(-1)?.event).toBe('done');
    expect(await next(({ type }) => type === 'reply.end')).toMatchObject({ reason: 'completed' });
    await (await post('and there', 2)).all();
    expect(maker.asked.at(-1)?.messages[1]?.content).toBe('There are two chairs.');
  });

  it('stops when the user talks there: both conversations hold what was heard', async () => {
    const { client, post, next, maker, player } = await chain(
      { said: [{ partial: 'wait a moment', text: 'wait a moment' }] },
      {
        reply: () => ({ text: 'One two three four five six seven eight nine ten.' }),
        voice: { msPerChar: 100 },
      },
    );
    const answer = await post('count', 1);
    await next((message) => message.type === 'state' && message.value === 'speaking');
    await client.wait(800);
    await client.say(tone(600));
    expect((await answer.all()).at(-1)).toMatchObject({ event: 'error', data: { code: 'CANCELLED' } });
    expect(await next(({ type }) => type === 'flush')).toBeDefined();
    await next((message) => message.type === 'reply.end' && message.reason === 'completed');
    expect(player.asked.map(({ messages }) => messages)).toEqual([
      [{ role: 'user', content: 'wait a moment' }],
    ]);
    await (await post('and?', 2)).next();
    expect(maker.asked.at(-1)?.messages[1]?.content).toMatch(/^One two( three)?( four)?$/u);
  });
});
