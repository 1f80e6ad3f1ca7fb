import { describe, expect, it } from 'vitest';
import type { TtsEvent } from '../../../actors/ports/tts.ts';
import { answer, type HttpStep } from '../../../testing/loopback/http-script.ts';
import { speechBytes, speechReply, toneSamples } from '../../../testing/loopback/openai-replies.ts';
import {
  type OpenAiServer,
  type OpenAiServerOptions,
  openaiServer,
} from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type OpenAiTtsOptions, openaiTts } from './openai.ts';

const HELLO = { text: 'Hello.', language: 'en' };
const TONE = toneSamples(300, 24_000);
const never = () => new AbortController().signal;

let server: OpenAiServer;
let engine: ReturnType<typeof openaiTts>;

closeAfterEach(() => ({ engine, server }));

async function start(options: OpenAiServerOptions = {}, engineOptions: Partial<OpenAiTtsOptions> = {}) {
  server = await openaiServer(options);
  engine = openaiTts({ baseURL: server.baseURL, model: 'm', voice: 'v', ...engineOptions });
}

const speak = (request: { text: string; language: string; voice?: string } = HELLO) =>
  outcomeOf(engine.synthesize(request, never()));

function samplesOf(events: readonly TtsEvent[]): Int16Array {
  return Int16Array.from(events.flatMap((event) => (event.type === 'audio' ? [...event.pcm.samples] : [])));
}

describe('openaiTts', () => {
  it('requests PCM of the text in its voice', async () => {
    await start({}, { speed: 1.2, instructions: 'Be kind.', rate: 16_000 });
    const { events } = await speak();
    await speak({ ...HELLO, voice: 'w' });
    expect(server.requests[0]?.json).toEqual({
      model: 'm',
      voice: 'v',
      input: 'Hello.',
      response_format: 'pcm',
      speed: 1.2,
      instructions: 'Be kind.',
    });
    expect(server.requests[1]?.json).toMatchObject({ voice: 'w' });
    expect(events[0]).toMatchObject({ type: 'audio', pcm: { rate: 16_000 } });
  });

  it.each([1, 2, 3, 7, 4_801, 100_000])(
    'gives the same samples however the bytes are cut (%i a piece)',
    async (n) => {
      const samples = n < 10 ? TONE.subarray(0, 200) : TONE;
      await start({ speech: () => speechReply(samples, { chunkBytes: n, perChunkMs: n < 10 ? 0 : 1 }) });
      const { events, end } = await speak();
      expect(end).toBe('done');
      expect(samplesOf(events)).toEqual(samples);
    },
  );

  it('yields audio before the response ends', async () => {
    await start({ speech: () => [...speechReply(TONE).slice(0, 2), { do: 'hang' }] });
    const controller = new AbortController();
    const stream = engine.synthesize(HELLO, controller.signal)[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ type: 'audio', pcm: { rate: 24_000 } });
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await server.requests[0]?.outcome).toBe('gone');
  });

  it('drops half a sample at the end', async () => {
    const bytes = new Uint8Array(TONE.buffer);
    await start({ speech: () => speechBytes(bytes.subarray(0, 2_001)) });
    const { events, end } = await speak();
    expect(end).toBe('done');
    expect(samplesOf(events)).toEqual(TONE.subarray(0, 1_000));
  });

  it.each<[string, HttpStep[]]>([
    ['a WAV file', speechBytes(Buffer.from('RIFF....WAVEfmt '))],
    ['a WAV file in single bytes', speechBytes(Buffer.from('RIFF....WAVEfmt '), { chunkBytes: 1 })],
    ['an MP3 by its type', speechReply(TONE, { contentType: 'audio/mpeg' })],
    ['an MP3 by its tag', speechBytes(Buffer.from('ID3\x04 and so on'))],
    ['JSON', answer(200, 'application/json', '{"error":"no"}')],
  ])('does not play %s', async (_, script) => {
    await start({ speech: () => script });
    expect(await speak()).toMatchObject({ events: [], end: 'ENGINE_PROTOCOL' });
  });

  it('sends nothing for text without anything to speak', async () => {
    await start();
    expect(await speak({ text: ' … !', language: 'en' })).toEqual({ events: [], end: 'done' });
    expect(server.requests).toEqual([]);
  });

  it('closes the connection when its reader leaves in mid-stream', async () => {
    await start({ speech: () => [...speechReply(TONE).slice(0, 2), { do: 'hang' }] });
    for await (const _ of engine.synthesize(HELLO, never())) break;
    expect(await server.requests[0]?.outcome).toBe('gone');
  });

  it('keeps one connection for segment after segment', async () => {
    await start();
    for (let i = 0; i < 10; i++) expect((await speak()).end).toBe('done');
    expect(server.sockets.opened).toBe(1);
    expect(engine.connectionStats()).toEqual({ opened: 1, requests: 10 });
  });
});
