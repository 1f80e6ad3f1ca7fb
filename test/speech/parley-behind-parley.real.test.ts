import { describe, expect, it } from 'vitest';
import { meet, OWN_REPLY, OWN_WORDS, serverWith } from './scene.ts';

const COUNT = 'One two three four five six seven eight nine ten.';

describe('a session whose speech model is another Parley', () => {
  it('is connected to it once at the start, which reports what does not work', async () => {
    const { warmed } = await meet();
    expect(warmed).toEqual(['openai-realtime warmed']);
    const { warmed: failed } = await serverWith('http://127.0.0.1:1/v1');
    expect(failed).toEqual(['openai-realtime notWarmed ENGINE_UNREACHABLE']);
  });

  it('types a turn, and hears the answer of the model', async () => {
    const { caller, model, ownAsked } = await meet();
    caller.client.text('what is in the room');
    expect(await caller.reply(0)).toMatchObject({ reason: 'completed', heard: 'There are two chairs.' });
    expect(model.asked.map(({ messages }) => messages)).toEqual([
      [{ role: 'user', content: 'what is in the room' }],
    ]);
    expect(ownAsked).toEqual([]);
    expect(caller.of('error')).toEqual([]);
  });

  it('speaks, and the model has heard it', async () => {
    const { caller, model, ownAsked } = await meet({ model: { said: [{ text: 'hello there' }] } });
    void caller.talk(600);
    expect(await caller.reply(0)).toMatchObject({ reason: 'completed', heard: 'There are two chairs.' });
    expect(caller.of('transcript').at(-1)).toMatchObject({ text: 'hello there', final: true });
    void caller.talk(600);
    await caller.reply(1);
    expect(model.asked.at(-1)?.messages).toEqual([
      { role: 'user', content: 'hello there' },
      { role: 'assistant', content: 'There are two chairs.' },
      { role: 'user', content: 'hello there' },
    ]);
    expect(ownAsked).toEqual([]);
    expect(caller.of('error')).toEqual([]);
  });

  it.each(['server_vad', 'semantic_vad'])(
    'ends its turns when the model finds their end (%s)',
    async (turnDetection) => {
      const { caller, model, ownAsked } = await meet({
        model: { said: [{ text: 'hello there' }] },
        // Its own silence would take longer than the test.
        flags: {
          'speech.openai-realtime.turnDetection': turnDetection,
          'endpointing.awaitedDelayMs': 60_000,
          'speech.openai-realtime.wordsMs': 10_000,
        },
      });
      for (const turn of [0, 1]) {
        void caller.talk(600);
        expect(await caller.reply(turn)).toMatchObject({
          reason: 'completed',
          heard: 'There are two chairs.',
        });
        expect(caller.of('transcript').at(-1)).toMatchObject({ text: 'hello there', final: true });
      }
      expect(model.asked.at(-1)?.messages.map(({ content }) => content)).toEqual([
        ...['hello there', 'There are two chairs.', 'hello there'],
      ]);
      expect(ownAsked).toEqual([]);
      expect(caller.of('error')).toEqual([]);
    },
  );

  it('has the client act on a call of the model, which learns how it went and speaks about it', async () => {
    const wave = { name: 'wave', description: 'Waves.', parameters: { type: 'object' } };
    const asked: unknown[] = [];
    const { caller, model } = await meet({
      tools: [wave],
      actions: {
        async wave(args) {
          asked.push(args);
          throw new Error('stuck');
        },
      },
      model: {
        reply: ({ messages }) => {
          const told = JSON.stringify(messages).includes('stuck');
          const call = { type: 'action' as const, id: 'a', name: 'wave', args: { times: 2 } };
          return told ? { text: 'My arm is stuck.' } : { text: 'I will.', actions: [call] };
        },
      },
    });
    caller.client.text('wave');
    expect(await caller.reply(1)).toMatchObject({ reason: 'completed', heard: 'My arm is stuck.' });
    expect(asked).toEqual([{ times: 2 }]);
    expect(model.asked[0]?.tools).toEqual([wave]);
    expect(caller.of('reply.end')[0]?.heard).toBe('I will.');
    expect(caller.of('error')).toEqual([]);
  });

  it('goes on with its own engines when the model goes', async () => {
    const { caller, model, ownAsked } = await meet();
    caller.client.text('one');
    await caller.reply(0);
    await model.server.close();
    caller.client.text('two');
    expect(await caller.reply(1)).toMatchObject({ reason: 'completed', heard: OWN_REPLY });
    expect(ownAsked[0]?.messages.map(({ content }) => content)).toEqual([
      ...['one', 'There are two chairs.', 'two'],
    ]);
    void caller.talk(600);
    expect(await caller.reply(2)).toMatchObject({ reason: 'completed', heard: OWN_REPLY });
    expect(caller.of('transcript').at(-1)?.text).toBe(OWN_WORDS);
    expect(caller.of('error')).toEqual([]);
  });

  it('is interrupted by voice, and both sides know the same heard words', async () => {
    const { caller, model } = await meet({
      model: {
        said: [{ text: 'wait a moment' }],
        voice: { msPerChar: 100 },
        reply: ({ messages }) => ({ text: messages.length > 2 ? 'Fine.' : COUNT }),
      },
    });
    caller.client.text('count');
    await caller.until(() => caller.of('state').some(({ value }) => value === 'speaking'), 'speaking');
    setTimeout(() => void caller.talk(800), 1_200);
    const { reason, heard } = await caller.reply(0);
    expect(reason).toBe('interrupted');
    expect(COUNT.startsWith(heard)).toBe(true);
    expect(heard).not.toBe('');
    expect(await caller.reply(1)).toMatchObject({ reason: 'completed', heard: 'Fine.' });
    // The model knows the times of its words, we estimate them: they may differ by the word that was being said.
    const known = model.asked.at(-1)?.messages ?? [];
    expect(known.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(known[2]?.content).toBe('wait a moment');
    const cut = known[1]?.content ?? '';
    expect(COUNT.startsWith(cut)).toBe(true);
    expect(Math.abs(cut.split(' ').length - heard.split(' ').length)).toBeLessThanOrEqual(1);
    expect(caller.of('error')).toEqual([]);
  });
});
