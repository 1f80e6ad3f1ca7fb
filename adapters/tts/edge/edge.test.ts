import { describe, expect, it } from 'vitest';
import type { TtsEvent } from '../../../actors/ports/tts.ts';
import { type EdgeStep, edgeAudio, edgeReply, edgeText } from '../../../testing/loopback/edge-replies.ts';
import {
  type EdgeServer,
  type EdgeServerOptions,
  edgeServer,
} from '../../../testing/loopback/edge-server.ts';
import {
  MP3_FRAME_BYTES,
  MP3_FRAME_SAMPLES,
  MP3_RATE,
  MP3_TONE_STARTS,
  toneMp3,
} from '../../../testing/loopback/mp3.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type EdgeTtsOptions, edgeTts } from './edge.ts';
import { MP3_DELAY_SAMPLES } from './text.ts';

const HELLO = { text: 'Hello world.', language: 'en-US' };
const never = () => new AbortController().signal;

let server: EdgeServer;
let engine: ReturnType<typeof edgeTts>;

closeAfterEach(() => ({ engine, server }));

async function start(options: EdgeServerOptions = {}, engineOptions: EdgeTtsOptions = {}) {
  server = await edgeServer(options);
  engine = edgeTts({ endpoint: server.endpoint, ...engineOptions });
}

const speak = (request = HELLO, signal = never()) => outcomeOf(engine.synthesize(request, signal));

function audioOf(events: readonly TtsEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'audio' ? [...event.pcm.samples] : []));
}

describe('edgeTts', () => {
  it('decodes the MP3 to PCM at 24 kHz, with the tone where the delay of MP3 puts it', async () => {
    // given pieces that are not cut at frames
    await start({ speech: () => edgeReply({ mp3: toneMp3(20), chunkBytes: 333 }) });
    // when
    const { events, end } = await speak();
    // then
    const samples = audioOf(events);
    const onset = samples.findIndex((sample) => Math.abs(sample) > 1_000);
    expect(end).toBe('done');
    expect(samples.length).toBe(20 * MP3_FRAME_SAMPLES);
    expect(events.every((event) => event.type !== 'audio' || event.pcm.rate === MP3_RATE)).toBe(true);
    expect(Math.abs(onset - (MP3_TONE_STARTS + MP3_DELAY_SAMPLES))).toBeLessThan(12);
    expect(Math.max(...samples.slice(-576))).toBeGreaterThan(15_000);
    expect(Math.max(...samples.slice(-576))).toBeLessThan(18_000);
  });

  const audio: EdgeStep = { do: 'audio', mp3: toneMp3(5) };

  it('yields audio before the response ends', async () => {
    // given a server that says no more after its first piece
    await start({ speech: () => [{ do: 'turn.start' }, { do: 'audio', mp3: toneMp3(5) }, { do: 'hang' }] });
    const controller = new AbortController();
    const stream = engine.synthesize(HELLO, controller.signal)[Symbol.asyncIterator]();
    // when
    const first = await stream.next();
    // then
    expect(first.value).toMatchObject({ type: 'audio', pcm: { rate: MP3_RATE } });
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('yields each word’s position in the text and in the audio', async () => {
    const words = [
      { text: 'Tom', offsetTicks: 1_000_000 },
      { text: '&amp;', offsetTicks: 2_000_000 },
      { text: 'unheard-of', offsetTicks: 2_500_000 },
      { text: 'Tom', offsetTicks: 3_000_000 },
    ];
    await start({ speech: () => edgeReply({ words }) });
    const { events } = await speak({ text: 'Tom & Tom', language: 'en' });
    expect(events.filter((event) => event.type === 'word')).toEqual([
      { type: 'word', sample: 2_400 + MP3_DELAY_SAMPLES, offset: 0, length: 3 },
      { type: 'word', sample: 4_800 + MP3_DELAY_SAMPLES, offset: 4, length: 1 },
      { type: 'word', sample: 7_200 + MP3_DELAY_SAMPLES, offset: 6, length: 3 },
    ]);
  });

  it('never yields a word after its audio', async () => {
    const late: EdgeStep[] = [
      { do: 'audio', mp3: toneMp3(10) },
      { do: 'words', words: [{ text: 'Hello', offsetTicks: 0 }] },
      { do: 'audio', mp3: toneMp3(10) },
      { do: 'words', words: [{ text: 'world', offsetTicks: 0 }] },
      { do: 'turn.end' },
    ];
    await start({ speech: () => late });
    const { events, end } = await speak();
    expect(end).toBe('done');
    let position = 0;
    for (const event of events) {
      if (event.type === 'audio') position += event.pcm.samples.length;
      if (event.type === 'word') expect(event.sample).toBeGreaterThanOrEqual(position);
    }
    expect(events.filter((event) => event.type === 'word').length).toBe(2);
  });

  it('escapes text that contains XML markup', async () => {
    await start();
    await speak({ text: 'a < b & "c"\u0000\ud800 </speak>', language: 'en' });
    const [request] = server.requests;
    expect(request?.ssml).toContain('a &lt; b &amp; &quot;c&quot;   &lt;/speak&gt;</prosody>');
    expect(request?.ssml).toContain('<voice name="en-US-JennyNeural">');
    expect(request?.config).toContain('"wordBoundaryEnabled": "true"');
    expect(request?.config).toContain('audio-24khz-48kbitrate-mono-mp3');
  });

  it('uses the voice of the request, else that of the language, else its own', async () => {
    await start({}, { voice: 'en-GB-SoniaNeural', voices: { de: 'de-DE-KatjaNeural' }, speed: '+20%' });
    await speak({ ...HELLO, language: 'de-AT' });
    await speak({ ...HELLO, language: 'constructor' });
    await outcomeOf(engine.synthesize({ ...HELLO, voice: 'en-US-GuyNeural' }, never()));
    const voices = server.requests.map((request) => /voice name="(.*?)"/.exec(request.ssml)?.[1]);
    expect(voices).toEqual(['de-DE-KatjaNeural', 'en-GB-SoniaNeural', 'en-US-GuyNeural']);
    expect(server.requests[0]?.ssml).toContain('rate="+20%"');
  });

  it('sends nothing for text without anything to speak', async () => {
    await start();
    expect(await speak({ text: ' … !', language: 'en' })).toEqual({ events: [], end: 'done' });
    expect(server.connections).toEqual([]);
  });

  it('keeps its connection from segment to segment', async () => {
    await start();
    await engine.warm?.();
    for (let i = 0; i < 5; i++) expect((await speak()).end).toBe('done');
    expect(server.sockets.opened).toBe(1);
    expect(engine.connectionStats()).toEqual({ opened: 1, requests: 5 });
  });

  it('gives each segment the same audio, whatever was spoken before it', async () => {
    await start();
    const first = audioOf((await speak()).events);
    const second = audioOf((await speak()).events);
    expect(second).toEqual(first);
  });

  it('speaks several segments in parallel, up to its limit', async () => {
    await start({}, { maxConnections: 2 });
    const all = await Promise.all(Array.from({ length: 6 }, () => speak()));
    expect(all.map((outcome) => outcome.end)).toEqual(Array(6).fill('done'));
    expect(server.sockets.opened).toBe(2);
  });

  it('leaves the queue when it is aborted', async () => {
    await start({ speech: () => [{ do: 'hang' }] }, { maxConnections: 1 });
    const first = new AbortController();
    const second = new AbortController();
    const running = [speak(HELLO, first.signal), speak(HELLO, second.signal)];
    await server.nextRequest();
    second.abort();
    first.abort();
    const ends = await Promise.all(running);
    expect(ends.map((outcome) => outcome.end)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(server.requests.length).toBe(1);
  });

  it('connects again after the server has closed the idle connection', async () => {
    await start();
    await speak();
    server.sockets.destroyAll();
    await server.sockets.allClosed();
    expect((await speak()).end).toBe('done');
    expect(server.sockets.opened).toBe(2);
  });

  it('replaces a connection that was closed in mid-speech at once, and uses the new one', async () => {
    // given a conversation that is interrupted while its first segment is being spoken
    await start({ speech: ({ n }) => (n === 0 ? [audio, { do: 'hang' }] : edgeReply()) });
    const interrupted = new AbortController();
    const stream = engine.synthesize(HELLO, interrupted.signal)[Symbol.asyncIterator]();
    await stream.next();
    await server.nextConnection();
    // when
    interrupted.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    // then a connection is there before the next segment is
    await server.nextConnection();
    expect((await speak()).end).toBe('done');
    expect((await speak()).end).toBe('done');
    expect(server.connections).toHaveLength(2);
  });

  it('retries if the idle connection breaks when it is used', async () => {
    await start({ speech: ({ n }) => (n === 1 ? [{ do: 'reset' }] : edgeReply()) });
    await speak();
    expect((await speak()).end).toBe('done');
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0, 1]);
  });

  it.each<[string, EdgeStep[], string]>([
    ['a close before the end', [audio, { do: 'close', code: 1001 }], 'ENGINE_UNREACHABLE'],
    ['a reset before the end', [audio, { do: 'reset' }], 'ENGINE_UNREACHABLE'],
    ['a close at once', [{ do: 'close', code: 1000 }], 'ENGINE_UNREACHABLE'],
    ['a refused voice', [{ do: 'close', code: 1007, reason: 'Unsupported voice' }], 'ENGINE_REQUEST'],
    ['a failing service', [{ do: 'close', code: 1011 }], 'TTS_FAILED'],
    ['a busy service', [{ do: 'close', code: 1013 }], 'ENGINE_OVERLOADED'],
    ['text without headers', [audio, { do: 'raw', message: 'hello' }], 'ENGINE_PROTOCOL'],
    ['binary garbage', [audio, { do: 'raw', message: new Uint8Array([255, 255, 1]) }], 'ENGINE_PROTOCOL'],
    ['an empty message', [audio, { do: 'raw', message: new Uint8Array(0) }], 'ENGINE_PROTOCOL'],
    [
      'audio that is not MP3',
      [{ do: 'audio', mp3: new Uint8Array(500).fill(0x41) }, { do: 'turn.end' }],
      'ENGINE_PROTOCOL',
    ],
    ['an end without audio', [{ do: 'turn.start' }, { do: 'turn.end' }], 'TTS_FAILED'],
  ])('ends as it should at %s', async (_, steps, end) => {
    await start({ speech: ({ n }) => (n === 0 ? steps : edgeReply()) });
    const outcome = await speak();
    expect(outcome.end).toBe(end);
    // and the next segment is served as if nothing had been
    expect((await speak()).end).toBe('done');
  });

  it('ends with ENGINE_PROTOCOL at metadata that is invalid JSON', async () => {
    await start({
      speech: ({ requestId }) => [
        audio,
        { do: 'raw', message: `X-RequestId:${requestId}\r\nPath:audio.metadata\r\n\r\n{"Metadata":` },
        { do: 'turn.end' },
      ],
    });
    expect((await speak()).end).toBe('ENGINE_PROTOCOL');
  });

  it('ignores a second end, audio after the end, and messages without a request', async () => {
    // given
    await start({
      speech: ({ requestId }) => [
        { do: 'raw', message: edgeText('another', 'audio.metadata', { Metadata: [] }) },
        ...edgeReply({ mp3: toneMp3(4) }),
        { do: 'turn.end' },
        { do: 'raw', message: edgeAudio(requestId, 's', toneMp3(4)) },
        { do: 'raw', message: edgeText(requestId, 'audio.metadata', { Metadata: [] }) },
      ],
    });
    // when
    const outcomes = [await speak(), await speak()];
    await server.requests[1]?.outcome;
    // then
    for (const { events, end } of outcomes) {
      expect(end).toBe('done');
      expect(audioOf(events).length).toBe(4 * MP3_FRAME_SAMPLES);
    }
    expect(server.sockets.opened).toBe(1);
  });

  it('drops an incomplete frame at the end', async () => {
    await start({ speech: () => edgeReply({ mp3: toneMp3(4).subarray(0, 3 * MP3_FRAME_BYTES + 50) }) });
    const { events, end } = await speak();
    expect(end).toBe('done');
    expect(audioOf(events).length).toBe(3 * MP3_FRAME_SAMPLES);
  });

  it('plays a slow trickle of single frames', async () => {
    await start({ speech: () => edgeReply({ mp3: toneMp3(6), chunkBytes: 100, perChunkMs: 1 }) });
    expect(audioOf((await speak()).events).length).toBe(6 * MP3_FRAME_SAMPLES);
  });

  it.each([
    ['forbidden', 403, 'ENGINE_REQUEST'],
    ['too many', 429, 'ENGINE_OVERLOADED'],
    ['broken', 500, 'TTS_FAILED'],
    ['a reset', 'reset', 'ENGINE_UNREACHABLE'],
  ] as const)('ends as it should when the handshake is %s', async (_, welcome, end) => {
    await start({ welcome: (n) => (n === 0 ? welcome : 'accept') });
    expect((await speak()).end).toBe(end);
    expect((await speak()).end).toBe('done');
  });

  it('ends on an abort while the handshake hangs', async () => {
    await start({ welcome: () => 'hang' });
    const controller = new AbortController();
    const running = speak(HELLO, controller.signal);
    await server.nextConnection();
    controller.abort();
    expect((await running).end).toBe('CANCELLED');
    await server.sockets.allClosed();
  });

  it.each([
    ['before anything', [{ do: 'hang' }]],
    ['in mid-stream', [{ do: 'turn.start' }, audio, { do: 'hang' }]],
  ] satisfies [string, EdgeStep[]][])('is freed by an abort when the server hangs %s', async (_, steps) => {
    await start({ speech: () => steps });
    const controller = new AbortController();
    const running = speak(HELLO, controller.signal);
    const request = await server.nextRequest();
    controller.abort();
    expect((await running).end).toBe('CANCELLED');
    expect(await request.outcome).toBe('gone');
    await server.sockets.allClosed();
  });

  it('closes the connection when its reader leaves in mid-stream', async () => {
    await start({ speech: () => [audio, { do: 'hang' }] });
    for await (const _ of engine.synthesize(HELLO, never())) break;
    expect(await server.requests[0]?.outcome).toBe('gone');
  });

  it('is cancelled by close, and sends no request after it', async () => {
    await start({ speech: () => [{ do: 'hang' }] });
    const running = speak();
    await server.nextRequest();
    await engine.close();
    expect((await running).end).toBe('CANCELLED');
    expect((await speak()).end).toBe('CANCELLED');
    expect(server.sockets.opened).toBe(1);
  });

  it('ends with ENGINE_UNREACHABLE without a server', async () => {
    await start();
    await server.close();
    expect((await speak()).end).toBe('ENGINE_UNREACHABLE');
    await expect(engine.warm?.()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });

  it('refuses an endpoint that is not a WebSocket URL', async () => {
    await start();
    expect(() => edgeTts({ endpoint: 'http://127.0.0.1' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
