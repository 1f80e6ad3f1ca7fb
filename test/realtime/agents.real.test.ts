import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { afterTest } from '../support/after-test.ts';
import { type Scene, sound, speakInto, startServer } from './scene.ts';

type Agent = Partial<ConstructorParameters<typeof RealtimeAgent>[0]>;

async function meet({ agent, ...scene }: Scene & { readonly agent?: Agent } = {}) {
  const started = await startServer(scene);
  const transport = new OpenAIRealtimeWebSocket({ url: started.url });
  const session = new RealtimeSession(
    new RealtimeAgent({ name: 'robot', instructions: 'Be brief.', ...agent }),
    {
      transport,
    },
  );
  const errors: unknown[] = [];
  session.on('error', (error) => errors.push(error));
  afterTest(() => session.close());
  await session.connect({ apiKey: 'no-key' });
  const types: string[] = [];
  session.on('transport_event', ({ type }) => types.push(type));
  return { ...started, session, transport, errors, types };
}

/** Resolves once `condition` holds after an event of the session. */
function until(session: RealtimeSession, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (condition()) resolve();
    };
    session.on('history_updated', check);
    session.on('transport_event', check);
    check();
  });
}

function words(session: RealtimeSession) {
  return session.history.map((item) =>
    item.type === 'message'
      ? [
          item.role,
          item.content.map((part) => ('text' in part ? part.text : (part.transcript ?? ''))).join(''),
        ]
      : [item.type],
  );
}

describe('the unmodified agents client', () => {
  it('holds a typed and a spoken turn, without an error, and its history has both', async () => {
    const { session, errors, types } = await meet({ said: [{ text: 'and outside' }] });
    let audioBytes = 0;
    session.on('audio', ({ data }) => {
      audioBytes += data.byteLength;
    });
    session.sendMessage('what is in the room');
    await until(session, () => types.includes('response.done'));
    await speakInto(
      (pcm) => session.sendAudio(new Uint8Array(pcm).buffer),
      Buffer.concat([sound(600, true), sound(900, false)]),
    );
    await until(session, () => types.filter((type) => type === 'response.done').length === 2);
    await until(session, () => words(session).every(([, text]) => text !== ''));
    expect(words(session)).toEqual([
      ['user', 'what is in the room'],
      ['assistant', 'There are two chairs.'],
      ['user', 'and outside'],
      ['assistant', 'There are two chairs.'],
    ]);
    expect(audioBytes).toBeGreaterThan(2 * 200 * 48);
    expect(errors).toEqual([]);
  });

  it('is interrupted by voice, and both sides know what was heard', async () => {
    const { session, errors, types, asked } = await meet({
      said: [{ text: 'wait a moment' }],
      reply: ({ messages }) => ({
        text: messages.length > 2 ? 'Fine.' : 'One two three four five six seven eight nine ten.',
      }),
      voice: { msPerChar: 100 },
    });
    let interruptions = 0;
    session.on('audio_interrupted', () => {
      interruptions += 1;
    });
    session.sendMessage('count');
    await until(session, () => types.includes('response.done'));
    await speakInto(
      (pcm) => session.sendAudio(new Uint8Array(pcm).buffer),
      Buffer.concat([sound(1_000, false), sound(800, true), sound(900, false)]),
    );
    await until(session, () => types.filter((type) => type === 'response.done').length === 2);
    await until(session, () => words(session).length === 4);
    expect(interruptions).toBe(1);
    const [, heard] = words(session)[1] ?? [];
    expect(heard).toMatch(/^One two( three( four( five)?)?)?$/);
    expect(asked.at(-1)?.messages).toEqual([
      { role: 'user', content: 'count' },
      { role: 'assistant', content: heard },
      { role: 'user', content: 'wait a moment' },
    ]);
    expect(errors).toEqual([]);
  });

  it('runs a function of the agent, and speaks with its result', async () => {
    const { session, errors, types } = await meet({
      agent: {
        tools: [
          tool({
            name: 'look',
            description: 'Looks around',
            parameters: z.object({ at: z.string() }),
            execute: ({ at }) => `two chairs at the ${at}`,
          }),
        ],
      },
      reply: ({ messages }) =>
        messages.some(({ content }) => content.includes('two chairs'))
          ? { text: 'I see two chairs.' }
          : { text: '', actions: [{ type: 'action', id: 'a1', name: 'look', args: { at: 'door' } }] },
    });
    session.sendMessage('what do you see');
    await until(session, () => types.filter((type) => type === 'response.done').length === 2);
    await until(session, () => words(session).some(([, text]) => text === 'I see two chairs.'));
    expect(session.history.map(({ type }) => type)).toEqual(['message', 'function_call', 'message']);
    expect(errors).toEqual([]);
  });

  it('connects again after it has left, as a new session, and over TLS', async () => {
    const { url, ca } = await startServer({ tls: true });
    expect(url).toMatch(/^wss:/u);
    for (const question of ['hello', 'hello again']) {
      const transport = new OpenAIRealtimeWebSocket({
        url,
        createWebSocket: async ({ url: address, apiKey }) =>
          new WebSocket(address, { ca, headers: { Authorization: `Bearer ${apiKey}` } }) as never,
      });
      const session = new RealtimeSession(new RealtimeAgent({ name: 'robot' }), { transport });
      afterTest(() => session.close());
      await session.connect({ apiKey: 'no-key' });
      session.sendMessage(question);
      await until(session, () => words(session).some(([role]) => role === 'assistant'));
      expect(words(session)).toHaveLength(2);
      session.close();
    }
  });
});
