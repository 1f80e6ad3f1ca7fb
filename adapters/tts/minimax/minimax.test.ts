import { describe, expect, it } from 'vitest';
import type { TtsEvent } from '../../../actors/ports/tts.ts';
import { answer, breakOff, type HttpStep, trickle } from '../../../testing/loopback/http-script.ts';
import {
  type MinimaxServer,
  type MinimaxServerOptions,
  minimaxEvent,
  minimaxRefusal,
  minimaxReply,
  minimaxServer,
} from '../../../testing/loopback/minimax-server.ts';
import { sse, toneSamples } from '../../../testing/loopback/openai-replies.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type MinimaxTtsOptions, minimaxTts } from './minimax.ts';

const HELLO = { text: 'Hello.', language: 'en' };
const TONE = toneSamples(300, 24_000);
const KEY = 'mm-secret-key';
const never = () => new AbortController().signal;

let server: MinimaxServer;
let engine: ReturnType<typeof minimaxTts>;

closeAfterEach(() => ({ engine, server }));

async function start(options: MinimaxServerOptions = {}, engineOptions: Partial<MinimaxTtsOptions> = {}) {
  server = await minimaxServer(options);
  engine = minimaxTts({ baseURL: server.baseURL, apiKey: KEY, model: 'm', voice: 'v', ...engineOptions });
}

const speak = (request: { text: string; language: string; voice?: string } = HELLO, signal = never()) =>
  outcomeOf(engine.synthesize(request, signal));

function samplesOf(events: readonly TtsEvent[]): Int16Array {
  return Int16Array.from(events.flatMap((event) => (event.type === 'audio' ? [...event.pcm.samples] : [])));
}

describe('minimaxTts', () => {
  it('requests streamed PCM of the text in its voice', async () => {
    await start({}, { groupId: 'g 1', speed: 1.2, volume: 2, pitch: -3, emotion: 'happy' });
    const { events, end } = await speak({ text: 'Guten Tag.', language: 'de-AT', voice: 'w' });
    expect(end).toBe('done');
    expect(events[0]).toMatchObject({ type: 'audio', pcm: { rate: 24_000 } });
    expect(server.requests[0]).toMatchObject({ groupId: 'g 1', authorization: `Bearer ${KEY}` });
    expect(server.requests[0]?.json).toEqual({
      model: 'm',
      text: 'Guten Tag.',
      stream: true,
      stream_options: { exclude_aggregated_audio: true },
      voice_setting: { voice_id: 'w', speed: 1.2, vol: 2, pitch: -3, emotion: 'happy' },
      audio_setting: { format: 'pcm', sample_rate: 24_000, channel: 1 },
      language_boost: 'German',
    });
  });

  it('omits options that are not set, and an unlisted language', async () => {
    await start();
    await speak({ text: 'Saluton.', language: 'eo' });
    expect(server.requests[0]).toMatchObject({ groupId: null });
    expect(server.requests[0]?.json).toMatchObject({
      voice_setting: { voice_id: 'v' },
      language_boost: 'auto',
    });
  });

  it.each([1, 3, 4_801, 100_000])(
    'gives the same samples however the bytes are cut (%i a piece)',
    async (n) => {
      const samples = n < 10 ? TONE.subarray(0, 200) : TONE;
      await start({ speech: () => minimaxReply(samples, { chunkBytes: n }) });
      const { events, end } = await speak();
      expect(end).toBe('done');
      expect(samplesOf(events)).toEqual(samples);
    },
  );

  it.each([4_800, 1_000_000])(
    'does not say twice what the last event repeats (%i bytes a piece)',
    async (chunkBytes) => {
      await start({ speech: () => minimaxReply(TONE, { chunkBytes, aggregated: true }) });
      const { events, end } = await speak();
      expect(end).toBe('done');
      expect(samplesOf(events)).toEqual(TONE);
    },
  );

  it('accepts audio that arrives only in the last event', async () => {
    const hex = Buffer.from(TONE.buffer).toString('hex');
    await start({
      speech: () => [
        { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } },
        minimaxEvent(hex, 2),
        { do: 'end' },
      ],
    });
    expect(samplesOf((await speak()).events)).toEqual(TONE);
  });

  it('passes audio on before the response ends, and closes it when cancelled', async () => {
    await start({ speech: () => breakOff(minimaxReply(TONE), 1, { do: 'hang' }) });
    const controller = new AbortController();
    const stream = engine.synthesize(HELLO, controller.signal)[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ type: 'audio' });
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await server.requests[0]?.outcome).toBe('gone');
  });

  it('reads a slow server to its end', async () => {
    await start({ speech: () => trickle(minimaxReply(TONE), 20) });
    const { events, end } = await speak();
    expect(end).toBe('done');
    expect(samplesOf(events)).toEqual(TONE);
  });

  const head: HttpStep = { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } };
  const half = breakOff(minimaxReply(TONE), 2, { do: 'end' });
  it.each<[string, readonly HttpStep[], string, RegExp]>([
    ['refuses the key', minimaxRefusal(1004, 'login fail'), 'ENGINE_REQUEST', /1004: login fail/],
    [
      'does not know the voice',
      minimaxRefusal(2054, 'voice id not exist'),
      'ENGINE_REQUEST',
      /voice id not exist/,
    ],
    ['limits the rate', minimaxRefusal(1002, 'rate limit'), 'ENGINE_OVERLOADED', /1002/],
    ['limits the tokens', minimaxRefusal(1039, 'token limit'), 'ENGINE_OVERLOADED', /1039/],
    ['fails', minimaxRefusal(1000, 'unknown error'), 'TTS_FAILED', /1000: unknown error/],
    ['answers with HTTP 429', answer(429, 'text/plain', 'slow down'), 'ENGINE_OVERLOADED', /429: slow down/],
    ['answers with HTTP 502', answer(502, 'text/html', '<html>'), 'TTS_FAILED', /HTTP 502$/],
    [
      'answers with a page',
      answer(200, 'text/html', '<html>'),
      'ENGINE_PROTOCOL',
      /content type is text.html/,
    ],
    ['answers with other JSON', answer(200, 'application/json', '{}'), 'ENGINE_PROTOCOL', /JSON instead/],
    ['sends rubbish', [head, sse('{"data":'), { do: 'end' }], 'ENGINE_PROTOCOL', /invalid JSON/],
    ['sends another shape', [head, sse({ data: { audio: 7 } }), { do: 'end' }], 'ENGINE_PROTOCOL', /audio/],
    ['sends no audio', [head, minimaxEvent('', 2), { do: 'end' }], 'TTS_FAILED', /no audio/],
    ['sends FLAC', [head, minimaxEvent('664c614300000022', 2), { do: 'end' }], 'ENGINE_PROTOCOL', /FLAC/],
    [
      'sends an empty MP3',
      [head, minimaxEvent('4944330400000000', 2), { do: 'end' }],
      'ENGINE_PROTOCOL',
      /MP3/,
    ],
  ])('ends with the right error when the server %s', async (_what, steps, code, message) => {
    await start({ speech: () => steps });
    const { events, end, error } = await speak();
    expect([events.length, end]).toEqual([0, code]);
    expect(error?.message).toMatch(message);
  });

  it.each<[string, readonly HttpStep[], string]>([
    ['cuts a byte in two', [head, minimaxEvent('00010', 1), { do: 'end' }], 'ENGINE_PROTOCOL'],
    ['sends what is not hexadecimal', [head, minimaxEvent('00zz', 1), { do: 'end' }], 'ENGINE_PROTOCOL'],
    ['leaves the last event out', minimaxReply(TONE, { last: false }), 'ENGINE_PROTOCOL'],
    ['ends in mid-stream', half, 'ENGINE_PROTOCOL'],
    ['resets in mid-stream', breakOff(minimaxReply(TONE), 2, { do: 'reset' }), 'ENGINE_UNREACHABLE'],
    [
      'fails in mid-stream',
      [...half.slice(0, -1), sse({ base_resp: { status_code: 1039, status_msg: 'tokens' } }), { do: 'end' }],
      'ENGINE_OVERLOADED',
    ],
  ])('ends with an error after the good audio when the server %s', async (_what, steps, code) => {
    await start({ speech: () => steps });
    const { end } = await speak();
    expect(end).toBe(code);
  });

  it('never shows its key', async () => {
    await start({ speech: () => minimaxRefusal(2049, `invalid api key ${KEY}`) });
    const { error } = await speak();
    expect(error?.message).toContain('invalid api key ***');
    expect(JSON.stringify(error)).not.toContain(KEY);
  });

  it('sends nothing for text without anything to speak', async () => {
    await start();
    expect(await speak({ text: ' … !', language: 'en' })).toMatchObject({ events: [], end: 'done' });
    expect(server.requests).toEqual([]);
  });

  it('keeps its connection from segment to segment', async () => {
    await start();
    await engine.warm?.();
    for (let i = 0; i < 3; i++) expect((await speak()).end).toBe('done');
    expect(engine.connectionStats()).toEqual({ opened: 1, requests: 4 });
  });

  it('ends with ENGINE_UNREACHABLE without a server', async () => {
    await start();
    await server.close();
    expect((await speak()).end).toBe('ENGINE_UNREACHABLE');
    await expect(engine.warm?.()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });
});
