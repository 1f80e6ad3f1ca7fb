import { describe, expect, it } from 'vitest';
import type { SpeechEvent } from '../../../actors/ports/speech.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { Awaiting } from '../../../testing/loopback/awaiting.ts';
import {
  greet,
  type RealtimeEvent,
  type RealtimePeer,
  realtimeLoopback,
} from '../../../testing/loopback/realtime-server.ts';
import type { TurnDetection } from './client-events.ts';
import { openAiRealtime } from './openai-realtime.ts';

const never = () => new AbortController().signal;
const WAVE = { name: 'wave', description: 'Waves.', parameters: { type: 'object' } };

async function connect(onEvent = greet, apiKey?: string, turnDetection?: TurnDetection) {
  const server = await realtimeLoopback(onEvent);
  afterTest(() => server.close());
  const clock = new VirtualClock();
  const engine = openAiRealtime({
    ...{ name: 'model', clock, model: 'gpt-realtime', baseURL: server.baseURL, connectMs: 1_000 },
    ...{ transcriptionModel: 'whisper', voice: 'marin', systemPrompt: 'Be brief.', tools: [WAVE] },
    ...(apiKey !== undefined && { apiKey }),
    ...(turnDetection !== undefined && { turnDetection }),
  });
  afterTest(() => engine.close());
  const events: SpeechEvent[] = [];
  const awaiting = new Awaiting({ story: () => events.map((event) => JSON.stringify(event)).join('\n') });
  const conversation = await engine.open(
    {
      ...{ language: 'en-GB', output: 'audio' },
      onEvent(event) {
        events.push(event);
        awaiting.check();
      },
    },
    never(),
  );
  const peer = await server.peer();
  const next = async (type: SpeechEvent['type'], number = 0) => {
    const found = () => events.filter((event) => event.type === type);
    await awaiting.until(() => found().length > number, `${type} ${number}`);
    return found()[number];
  };
  return { server, clock, engine, conversation, peer, events, next };
}

/** The beginning of a response. */
function begun(peer: RealtimePeer, id: string): void {
  peer.send({ type: 'response.created', response: { id, status: 'in_progress' } });
}

function delta(id: string, text: string): RealtimeEvent {
  return {
    ...{ type: 'response.output_audio_transcript.delta', response_id: id, item_id: `item_${id}` },
    delta: text,
  };
}

function done(id: string, more: object = {}): RealtimeEvent {
  return { type: 'response.done', response: { id, status: 'completed', output: [], ...more } };
}

describe('openAiRealtime', () => {
  it('sets the session up: no turn detection, the voice, the prompt, the tools and the key', async () => {
    const { peer, server } = await connect(greet, 'sk-1');
    expect(server.headers[0]?.authorization).toBe('Bearer sk-1');
    expect((await peer.next('session.update')).session).toEqual({
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: 'Be brief.',
      tools: [{ type: 'function', ...WAVE }],
      tool_choice: 'auto',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'whisper', language: 'en' },
          turn_detection: null,
        },
        output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'marin' },
      },
    });
  });

  it('lets the model end turns and nothing else, and reports what it finds in the audio', async () => {
    const { peer, engine, conversation, events, next } = await connect(greet, undefined, 'server_vad');
    expect(engine.endsTurns).toBe(true);
    expect((await peer.next('session.update')).session).toMatchObject({
      audio: {
        input: {
          turn_detection: { type: 'server_vad', create_response: false, interrupt_response: false },
        },
      },
    });
    const about = { item_id: 'a', audio_start_ms: 0 };
    peer.send({ type: 'input_audio_buffer.speech_started', ...about });
    peer.send({ type: 'input_audio_buffer.committed', item_id: 'a' });
    conversation.clear();
    await peer.next('input_audio_buffer.clear');
    peer.send({ type: 'input_audio_buffer.cleared' });
    await next('cleared');
    expect(events).toEqual([{ type: 'speaks' }, { type: 'committed', item: 'a' }, { type: 'cleared' }]);
  });

  it('sends what the session adds only when it changes', async () => {
    const { peer, conversation } = await connect();
    conversation.configure({ toolChoice: 'auto' });
    conversation.configure({ instructions: 'Sing.', toolChoice: { name: 'wave' } });
    conversation.expect('en-GB');
    conversation.expect('zh-CN');
    conversation.clear();
    await peer.next('input_audio_buffer.clear');
    expect(peer.of('session.update')).toHaveLength(3);
    expect(peer.of('session.update')[2]?.session).toMatchObject({
      audio: { input: { transcription: { language: 'zh' } } },
    });
    expect(peer.of('session.update')[1]?.session).toMatchObject({
      instructions: 'Be brief.\n\nSing.',
      tool_choice: { type: 'function', name: 'wave' },
    });
  });

  it('asks for the next response when the cancelled one is over, and drops what comes late of it', async () => {
    const { peer, conversation, events, next } = await connect();
    const first = conversation.respond();
    await peer.next('response.create');
    conversation.cancel(first);
    const second = conversation.respond();
    begun(peer, 'a');
    expect(await peer.next('response.cancel')).toMatchObject({ response_id: 'a' });
    peer.send(delta('a', 'Late. '), {
      ...{ type: 'response.output_audio.delta', response_id: 'a', item_id: 'item_a', delta: 'AAAA' },
    });
    expect(peer.of('response.create')).toHaveLength(1);
    peer.send(done('a', { status: 'cancelled', output: [{ id: 'item_a' }] }));
    await peer.next('response.create', 1);
    // No part of it was heard, so it must not stay in the conversation.
    expect(peer.of('conversation.item.delete')).toMatchObject([{ item_id: 'item_a' }]);
    begun(peer, 'b');
    peer.send(delta('a', 'Later.'), delta('b', 'Hello.'), done('b'));
    await next('done');
    expect(events).toEqual([
      { type: 'text', response: second, item: 'item_b', text: 'Hello.' },
      { type: 'done', response: second },
    ]);
  });

  it('reports calls with their arguments', async () => {
    const { peer, conversation, next } = await connect();
    conversation.respond();
    await peer.next('response.create');
    begun(peer, 'a');
    const call = { id: 'c', type: 'function_call', call_id: 'call_1', name: 'wave' };
    peer.send({
      ...{ type: 'response.output_item.done', response_id: 'a' },
      item: { ...call, arguments: '{"times":2}' },
    });
    expect(await next('call')).toMatchObject({ callId: 'call_1', name: 'wave', args: { times: 2 } });
  });

  it('reports why a response failed, and goes on with the next', async () => {
    const { peer, conversation, next } = await connect();
    conversation.respond();
    const { event_id } = await peer.next('response.create');
    peer.send({ type: 'error', error: { code: 'invalid_value', message: 'no', event_id } });
    expect(await next('done')).toMatchObject({ error: { code: 'LLM_FAILED' } });
    conversation.respond();
    await peer.next('response.create', 1);
    begun(peer, 'b');
    const error = { code: 'rate_limit_exceeded', message: 'slow down' };
    peer.send(done('b', { status: 'failed', status_details: { error } }));
    expect(await next('done', 1)).toMatchObject({ error: { code: 'ENGINE_OVERLOADED' } });
  });

  it('distinguishes a refused utterance from refusals that change nothing', async () => {
    const { peer, conversation, events, next } = await connect();
    conversation.truncate('gone', 10);
    const { event_id: truncation } = await peer.next('conversation.item.truncate');
    peer.send({ type: 'error', error: { code: 'item_truncate_invalid_item_id', event_id: truncation } });
    conversation.commit();
    const { event_id } = await peer.next('input_audio_buffer.commit');
    peer.send({ type: 'error', error: { code: 'input_audio_buffer_commit_empty', event_id } });
    expect(await next('refused')).toMatchObject({ error: { code: 'STT_FAILED' } });
    expect(events).toHaveLength(1);
  });

  it('passes on words and their failures in any order', async () => {
    const { peer, conversation, events, next } = await connect();
    conversation.commit();
    conversation.commit();
    await peer.next('input_audio_buffer.commit', 1);
    const words = 'conversation.item.input_audio_transcription';
    peer.send(
      { type: 'input_audio_buffer.committed', item_id: 'a' },
      { type: 'input_audio_buffer.committed', item_id: 'b' },
      { type: `${words}.failed`, item_id: 'b', error: { message: 'noise' } },
      { type: `${words}.completed`, item_id: 'a', transcript: ' Hello. ' },
    );
    await next('words');
    expect(events.map((event) => ({ ...event, error: undefined }))).toMatchObject([
      { type: 'committed', item: 'a' },
      { type: 'committed', item: 'b' },
      { type: 'wordless', item: 'b' },
      { type: 'words', item: 'a', text: 'Hello.' },
    ]);
  });

  it.each([
    ['no JSON', '{"type":'],
    ['an event without its fields', '{"type":"response.output_audio.delta","delta":"AAAA"}'],
    ['no base64', JSON.stringify({ ...delta('a', '?'), type: 'response.output_audio.delta' })],
    ['half a sample', JSON.stringify({ ...delta('a', 'AAAA'), type: 'response.output_audio.delta' })],
  ])('ends the conversation at %s', async (_what, line) => {
    const { peer, conversation, next } = await connect();
    conversation.respond();
    await peer.next('response.create');
    begun(peer, 'a');
    peer.sendRaw(line);
    expect(await next('closed')).toMatchObject({ error: { code: 'ENGINE_PROTOCOL' } });
    await peer.closed();
  });

  it('ignores events that it does not use', async () => {
    const { peer, events, conversation, next } = await connect();
    peer.send({ type: 'rate_limits.updated' }, { type: 'of.the.future', x: 1 });
    conversation.commit();
    await peer.next('input_audio_buffer.commit');
    peer.send({ type: 'input_audio_buffer.committed', item_id: 'a' });
    await next('committed');
    expect(events).toHaveLength(1);
  });

  it('reports a lost connection once, and nothing after it', async () => {
    const { peer, conversation, events, next } = await connect();
    peer.terminate();
    expect(await next('closed')).toMatchObject({ error: { code: 'ENGINE_UNREACHABLE' } });
    conversation.append({ rate: 24_000, samples: new Int16Array(10) });
    conversation.respond();
    conversation.close();
    expect(events).toHaveLength(1);
  });

  it('gives up a server that does not end a cancelled response', async () => {
    const { peer, clock, conversation, next } = await connect();
    const response = conversation.respond();
    await peer.next('response.create');
    conversation.cancel(response);
    await clock.advance(5_000);
    expect(await next('closed')).toMatchObject({ error: { code: 'ENGINE_PROTOCOL' } });
  });

  it('gives up a server that answers no ping', async () => {
    const { peer, clock, next } = await connect();
    peer.freeze();
    await clock.advance(20_000);
    expect(await next('closed')).toMatchObject({ error: { code: 'ENGINE_UNREACHABLE' } });
  });

  it('does not open: refused, silent, or closed', async () => {
    const wrong = (peer: RealtimePeer) => peer.send({ type: 'error', error: { message: 'no such model' } });
    await expect(connect(wrong)).rejects.toMatchObject({ code: 'ENGINE_REQUEST' });
    await expect(connect((peer) => peer.terminate())).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    const server = await realtimeLoopback(() => {});
    afterTest(() => server.close());
    const clock = new VirtualClock();
    const engine = (baseURL: string) =>
      openAiRealtime({
        ...{ name: 'model', clock, model: 'm', baseURL, connectMs: 1_000 },
        ...{ transcriptionModel: 'w', tools: [] },
      });
    const open = (baseURL: string, signal = never()) =>
      engine(baseURL).open({ language: 'en', output: 'audio', onEvent: () => {} }, signal);
    const silent = expect(open(server.baseURL)).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    await server.peer();
    await clock.advance(1_000);
    await silent;
    await expect(open(server.baseURL.replace('/v1', '/v2'))).rejects.toMatchObject({
      code: 'ENGINE_REQUEST',
    });
    await expect(open('http://127.0.0.1:1/v1')).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    const stop = new AbortController();
    const stopped = expect(open(server.baseURL, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    stop.abort();
    await stopped;
  });
});
