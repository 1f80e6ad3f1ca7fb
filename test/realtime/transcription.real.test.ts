import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { afterTest } from '../support/after-test.ts';
import { RealtimeUser, sound, startServer } from './scene.ts';

const TRANSCRIBED = 'conversation.item.input_audio_transcription.completed';
const SPEECH = Buffer.concat([sound(600, true), sound(19_400, false)]);

/** What a recogniser sends, and nothing that a reply would be. */
function expectOnlyTranscripts(types: readonly string[]): void {
  expect(types).toContain('input_audio_buffer.committed');
  expect(types.filter((type) => type.startsWith('response.'))).toEqual([]);
  expect(types).not.toContain('error');
}

describe('Parley as the recogniser of others', () => {
  it('transcribes for the unmodified openai client, 20 s of audio in one event, and asks no language engine', async () => {
    const server = await startServer({ tls: true, said: [{ text: 'hello there' }] });
    const user = await RealtimeUser.connect(server);
    user.send({
      type: 'session.update',
      session: { type: 'transcription', audio: { input: { transcription: { model: 'any' } } } },
    });
    expect((await user.next('session.updated')).session).toMatchObject({ type: 'transcription' });
    user.send({ type: 'input_audio_buffer.append', audio: SPEECH.toString('base64') });
    expect(await user.next(TRANSCRIBED)).toMatchObject({ transcript: 'hello there' });
    user.send({
      type: 'conversation.item.retrieve',
      item_id: (await user.next('input_audio_buffer.committed')).item_id,
    });
    await user.next('conversation.item.retrieved');
    expectOnlyTranscripts(user.types);
    expect(server.asked).toEqual([]);
  });

  it('transcribes for the agents client and for a plain socket, which ask for it in the address; a spoken stop holds up neither', async () => {
    const { url, asked } = await startServer({
      said: [{ text: 'stop' }, { text: 'and go on' }, { text: 'hello again' }],
    });
    const types: string[] = [];
    const session = new RealtimeSession(new RealtimeAgent({ name: 'robot', instructions: 'Be brief.' }), {
      transport: new OpenAIRealtimeWebSocket({ url: `${url}?intent=transcription` }),
    });
    const errors: unknown[] = [];
    session.on('error', (error) => errors.push(error));
    afterTest(() => session.close());
    const transcripts: string[] = [];
    const heard = (count: number) =>
      new Promise<void>((resolve) => {
        session.on('transport_event', (event) => {
          types.push(event.type);
          if (event.type === TRANSCRIBED) transcripts.push(String(event.transcript));
          if (transcripts.length === count) resolve();
        });
      });
    await session.connect({ apiKey: 'no-key' });
    const two = heard(2);
    const once = () =>
      session.sendAudio(new Uint8Array(Buffer.concat([sound(600, true), sound(1_500, false)])).buffer);
    const first = new Promise<void>((resolve) =>
      session.on('transport_event', ({ type }) => type === TRANSCRIBED && resolve()),
    );
    once();
    await first;
    once();
    await two;
    expect(transcripts).toEqual(['stop', 'and go on']);
    expectOnlyTranscripts(types);
    expect(errors).toEqual([]);

    const socket = new WebSocket(`${url}?intent=transcription`);
    afterTest(() => socket.terminate());
    const said = new Promise((resolve) =>
      socket.on('message', (data) => {
        const event = JSON.parse(String(data));
        if (event.type === 'session.created') expect(event.session.type).toBe('transcription');
        if (event.type === TRANSCRIBED) resolve(event.transcript);
      }),
    );
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: SPEECH.toString('base64') }));
    expect(await said).toBe('hello again');
    expect(asked).toEqual([]);
  });
});
