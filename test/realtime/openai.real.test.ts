import { describe, expect, it } from 'vitest';
import { decodeG711, encodeG711 } from '../../adapters/g711.ts';
import { RealtimeUser, type Scene, sound, speakInto, startServer } from './scene.ts';

async function meet(scene: Scene = {}) {
  const started = await startServer({ tls: true, ...scene });
  return { ...started, user: await RealtimeUser.connect(started) };
}

function append(user: RealtimeUser) {
  return (pcm: Buffer) => user.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') });
}

describe('the unmodified openai client', () => {
  it('is refused by a full server with the status of its handshake, and gets in by itself when there is room', async () => {
    const { user, ...server } = await meet({ flags: { 'limits.sessions': 1 } });
    expect(await RealtimeUser.refused(server)).toMatchObject({ message: expect.stringContaining('429') });
    const patient = RealtimeUser.reconnecting(server);
    const again = new Promise((resolve) => patient.client.on('reconnecting', resolve));
    expect(await again).toBeDefined();
    user.client.close();
    await patient.next('session.created');
  });

  it('types a message and gets a spoken answer, event by event', async () => {
    const { user, asked } = await meet();
    user.ask('what is in the room');
    const done = await user.next('response.done');
    expect(user.types).toEqual([
      'session.created',
      'conversation.created',
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
      'rate_limits.updated',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'conversation.item.done',
      'response.output_item.done',
      'response.done',
    ]);
    expect(asked[0]?.messages).toEqual([{ role: 'user', content: 'what is in the room' }]);
    expect(done.response).toMatchObject({
      status: 'completed',
      output: [
        { role: 'assistant', content: [{ type: 'output_audio', transcript: 'There are two chairs.' }] },
      ],
    });
    const audio = user.of('response.output_audio.delta').map(({ delta }) => Buffer.from(delta, 'base64'));
    // 21 characters at 10 ms.
    expect(Buffer.concat(audio).byteLength / 2 / 24).toBeCloseTo(210, -1.5);
    const [question, answer] = user.of('conversation.item.added');
    expect(question).toMatchObject({ previous_item_id: null });
    expect(answer).toMatchObject({ previous_item_id: question?.item.id });
  });

  it('talks, and is answered', async () => {
    const { user } = await meet();
    user.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription: { model: 'any' } } } },
    });
    await speakInto(append(user), Buffer.concat([sound(200, false), sound(600, true), sound(900, false)]));
    const { response } = await user.next('response.done');
    expect(response.usage?.input_token_details?.audio_tokens).toBeGreaterThan(4);
    expect(user.types.slice(3, 10)).toEqual([
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'conversation.item.input_audio_transcription.completed',
      'response.created',
    ]);
    const [started] = user.of('input_audio_buffer.speech_started');
    const [stopped] = user.of('input_audio_buffer.speech_stopped');
    expect(started?.audio_start_ms).toBeLessThan(100);
    expect(stopped?.audio_end_ms).toBeGreaterThan(700);
    expect(stopped?.audio_end_ms).toBeLessThan(1_200);
    expect(user.of('conversation.item.input_audio_transcription.completed')[0]?.transcript).toBe(
      'hello there',
    );
  });

  it('interrupts by voice: no audio follows, and the truncation is what the history holds', async () => {
    const { user, asked } = await meet({
      said: [{ text: 'wait a moment' }],
      reply: ({ messages }) => ({
        text: messages.length > 2 ? 'Fine.' : 'One two three four five six seven eight nine ten.',
      }),
      voice: { msPerChar: 100 },
    });
    user.ask('count');
    // All five seconds arrive at once.
    await user.next('response.done');
    const item = user.of('conversation.item.done').at(-1)?.item;
    const talking = speakInto(append(user), Buffer.concat([sound(800, true), sound(900, false)]));
    await user.next('input_audio_buffer.speech_started');
    const before = user.of('response.output_audio.delta').length;
    user.send({
      type: 'conversation.item.truncate',
      item_id: item?.id ?? '',
      content_index: 0,
      audio_end_ms: 1_000,
    });
    await user.next('conversation.item.truncated');
    expect(user.of('response.output_audio.delta')).toHaveLength(before);
    user.send({ type: 'conversation.item.retrieve', item_id: item?.id ?? '' });
    const { item: heard } = await user.next('conversation.item.retrieved');
    // "One two " is 800 ms of the second that was played.
    expect(heard).toMatchObject({ content: [{ type: 'output_audio', transcript: 'One two' }] });
    await talking;
    await user.next('response.done', 1);
    expect(asked.at(-1)?.messages).toEqual([
      { role: 'user', content: 'count' },
      { role: 'assistant', content: 'One two' },
      { role: 'user', content: 'wait a moment' },
    ]);
  });

  it('makes its turns itself: commits audio, then asks for the response', async () => {
    const { user, asked } = await meet();
    user.send({
      type: 'session.update',
      session: {
        type: 'realtime',
        audio: { input: { turn_detection: null, transcription: { model: 'any' } } },
      },
    });
    await user.next('session.updated');
    append(user)(Buffer.concat([sound(1_000, true), sound(200, false)]));
    user.send({ type: 'input_audio_buffer.clear' });
    await user.next('input_audio_buffer.cleared');
    user.send({ type: 'input_audio_buffer.commit', event_id: 'too early' });
    expect((await user.next('error')).error).toMatchObject({
      code: 'NOTHING_TO_COMMIT',
      event_id: 'too early',
    });
    append(user)(Buffer.concat([sound(1_000, true), sound(200, false)]));
    user.send({ type: 'input_audio_buffer.commit' });
    const { item_id } = await user.next('input_audio_buffer.committed');
    const { transcript } = await user.next('conversation.item.input_audio_transcription.completed');
    expect(transcript).toBe('hello there');
    user.send({ type: 'conversation.item.retrieve', item_id });
    expect((await user.next('conversation.item.retrieved')).item).toMatchObject({
      content: [{ type: 'input_audio', transcript }],
    });
    expect(asked).toEqual([]);
    user.send({ type: 'response.create' });
    expect((await user.next('response.done')).response.status).toBe('completed');
    expect(asked.map(({ messages }) => messages)).toEqual([[{ role: 'user', content: 'hello there' }]]);
    expect(user.of('input_audio_buffer.speech_started')).toEqual([]);
  });

  it('lets the robot speak first, by instructions of one response', async () => {
    const { user, asked } = await meet({ reply: () => ({ text: 'Good evening.' }) });
    user.send({
      type: 'session.update',
      session: { type: 'realtime', instructions: 'You are a butler.', audio: { output: { voice: 'low' } } },
    });
    user.send({ type: 'response.create', response: { instructions: 'Greet the guest.' } });
    const { response } = await user.next('response.done');
    expect(response.output).toMatchObject([{ content: [{ transcript: 'Good evening.' }] }]);
    user.ask('who are you');
    await user.next('response.done', 1);
    expect(asked).toMatchObject([
      { instructions: 'Greet the guest.', messages: [] },
      {
        instructions: 'You are a butler.',
        messages: [
          { role: 'assistant', content: 'Good evening.' },
          { role: 'user', content: 'who are you' },
        ],
      },
    ]);
  });

  it('answers a call of its tool, and the next response goes on with the result', async () => {
    const { user, asked } = await meet({
      reply: ({ messages }) =>
        messages.some(({ content }) => content.includes('two chairs'))
          ? { text: 'I see two chairs.' }
          : { text: '', actions: [{ type: 'action', id: 'a1', name: 'look', args: { at: 'door' } }] },
    });
    const tool = { type: 'function', name: 'look', description: 'Looks around', parameters: {} } as const;
    user.send({ type: 'session.update', session: { type: 'realtime', tools: [tool] } });
    user.ask('what do you see');
    const { response } = await user.next('response.done');
    expect(response.status).toBe('completed');
    const [call] = user.of('response.function_call_arguments.done');
    expect(call).toMatchObject({ name: 'look', arguments: '{"at":"door"}' });
    user.send({
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: call?.call_id ?? '', output: 'two chairs' },
    });
    user.send({ type: 'response.create' });
    const next = await user.next('response.done', 1);
    expect(next.response.output).toMatchObject([{ content: [{ transcript: 'I see two chairs.' }] }]);
    expect(asked[0]?.tools).toMatchObject([{ name: 'look', description: 'Looks around' }]);
    expect(asked[1]?.messages).toEqual([
      { role: 'user', content: 'what do you see' },
      { role: 'system', content: 'Call of look: {"at":"door"}' },
      { role: 'system', content: 'Result of look: two chairs' },
    ]);
  });

  it('gets text only if it wants no audio, and the next answer at once', async () => {
    const { user } = await meet({ voice: { msPerChar: 200 } });
    user.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    user.ask('what is in the room');
    await user.next('response.done');
    user.ask('and what else');
    const { response } = await user.next('response.done', 1);
    expect(response.output).toMatchObject([
      { content: [{ type: 'output_text', text: 'There are two chairs.' }] },
    ]);
    expect(user.of('response.output_audio.delta')).toEqual([]);
    const words = user.of('response.output_text.delta').map(({ delta }) => delta);
    expect(words.join('')).toBe('There are two chairs.'.repeat(2));
  });

  it('asks out of band, without a trace in the conversation', async () => {
    const { user, asked } = await meet();
    user.ask('what is in the room');
    await user.next('response.done');
    user.send({
      type: 'response.create',
      response: {
        conversation: 'none',
        metadata: { topic: 'mood' },
        instructions: 'Name the mood.',
        input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'I am glad' }] }],
      },
    });
    const { response } = await user.next('response.done', 1);
    expect(response).toMatchObject({ status: 'completed', metadata: { topic: 'mood' } });
    expect(user.of('conversation.item.added')).toHaveLength(2);
    user.ask('and outside');
    await user.next('response.done', 2);
    expect(asked.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ['what is in the room'],
      ['I am glad'],
      ['what is in the room', 'There are two chairs.', 'and outside'],
    ]);
  });

  it('edits the conversation, and the language engine gets it as it is', async () => {
    const { user, asked } = await meet();
    user.ask('what is in the room');
    await user.next('response.done');
    const [question] = user.of('conversation.item.added');
    user.send({ type: 'conversation.item.delete', item_id: question?.item.id ?? '' });
    user.send({
      type: 'conversation.item.create',
      previous_item_id: 'root',
      item: { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'The guest is Ada.' }] },
    });
    user.ask('who am I');
    await user.next('response.done', 1);
    expect(asked.at(-1)?.messages).toEqual([
      { role: 'system', content: 'The guest is Ada.' },
      { role: 'assistant', content: 'There are two chairs.' },
      { role: 'user', content: 'who am I' },
    ]);
  });

  it.each(['audio/pcmu', 'audio/pcma'] as const)('talks in %s', async (type) => {
    const { user } = await meet();
    const law = type === 'audio/pcmu' ? 'mu' : 'a';
    user.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { format: { type } }, output: { format: { type } } } },
    });
    const speech = encodeG711(law, at8kHz(Buffer.concat([sound(600, true), sound(900, false)])));
    for (let at = 0; at < speech.length; at += 800) append(user)(Buffer.from(speech.subarray(at, at + 800)));
    await user.next('response.done');
    const audio = user.of('response.output_audio.delta').map(({ delta }) => Buffer.from(delta, 'base64'));
    const answer = decodeG711(law, Buffer.concat(audio));
    // 21 characters at 10 ms of a tone of 4,000, in whole frames.
    expect(answer.length / 8).toBeGreaterThan(205);
    expect(answer.length / 8).toBeLessThan(235);
    expect(Math.max(...answer.subarray(400, 1_200))).toBeGreaterThan(3_500);
  });
});

/** Every third sample. */
function at8kHz(pcm: Buffer): Int16Array {
  const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2);
  return Int16Array.from({ length: Math.floor(samples.length / 3) }, (_, i) => samples[3 * i] ?? 0);
}
