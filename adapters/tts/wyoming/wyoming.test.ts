import { describe, expect, it } from 'vitest';
import type { TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import { WyomingListener, type WyomingPeer } from '../../../testing/loopback/mod.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type WyomingTtsOptions, wyomingTts } from './wyoming.ts';

let server: WyomingListener;
let engine: ReturnType<typeof wyomingTts>;

closeAfterEach(() => ({ engine, server }));

const never = () => new AbortController().signal;
const HELLO = { text: 'Hello.', language: 'en' };
const FORMAT = { rate: 22_050, width: 2, channels: 1 };

/** A voice that describes itself by `mouth` and does `onEvent` with each event after that. */
async function start(
  onEvent: (peer: WyomingPeer, type: string) => void,
  { options = {}, mouth = {} }: { options?: Partial<WyomingTtsOptions>; mouth?: object } = {},
) {
  server = await WyomingListener.start((peer) => {
    peer.onEvent = ({ type }) => {
      if (type === 'describe') peer.send('info', { tts: [{ name: 'mouth', voices: [], ...mouth }] });
      else onEvent(peer, type);
    };
  });
  engine = wyomingTts({ address: server.url, ...options });
}

const speak = (request: TtsRequest = HELLO) => outcomeOf(engine.synthesize(request, never()));

function say(peer: WyomingPeer, ...samples: number[]): void {
  peer.send('audio-start', FORMAT);
  peer.send('audio-chunk', FORMAT, Buffer.from(Int16Array.from(samples).buffer));
  peer.send('audio-stop');
}

const answer = (peer: WyomingPeer, type: string) => {
  if (type === 'synthesize') say(peer, 1, 2, -3);
};

function samplesOf(events: readonly TtsEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'audio' ? [...event.pcm.samples] : []));
}

describe('wyomingTts', () => {
  it('asks for the text in the language, and yields the audio at the server’s rate', async () => {
    await start(answer);
    const { events } = await speak();
    expect(events).toEqual([{ type: 'audio', pcm: { rate: 22_050, samples: Int16Array.of(1, 2, -3) } }]);
    expect(server.servers[0]?.of('synthesize')[0]?.data).toEqual({
      text: 'Hello.',
      voice: { language: 'en' },
    });
  });

  it('asks for the voice of the request, else for its own, with the speaker', async () => {
    await start(answer, { options: { voice: 'en_US-amy', speaker: '7' } });
    await speak();
    await speak({ ...HELLO, voice: 'en_US-lessac' });
    expect(server.servers.map((peer) => peer.of('synthesize')[0]?.data.voice)).toEqual([
      { name: 'en_US-amy', speaker: '7' },
      { name: 'en_US-lessac', speaker: '7' },
    ]);
  });

  it('streams with a server that can: sentence by sentence, until it is done', async () => {
    await start(
      (peer, type) => {
        if (type === 'synthesize-chunk') say(peer, 1);
        if (type !== 'synthesize-stop') return;
        say(peer, 2);
        peer.send('synthesize-stopped');
      },
      { mouth: { supports_synthesize_streaming: true } },
    );
    const { events, end } = await speak();
    expect([samplesOf(events), end]).toEqual([[1, 2], 'done']);
    expect(server.servers[0]?.received.map(({ type }) => type)).toEqual([
      ...['describe', 'synthesize-start', 'synthesize-chunk', 'synthesize-stop'],
    ]);
  });

  it('yields audio before the answer ends, and is cancelled in it', async () => {
    await start((peer) => peer.send('audio-chunk', FORMAT, Buffer.alloc(320)));
    const controller = new AbortController();
    const stream = engine.synthesize(HELLO, controller.signal)[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ type: 'audio', pcm: { rate: 22_050 } });
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    await server.sockets.allClosed();
  });

  it('fails if the server sends no audio', async () => {
    await start((peer) => peer.send('audio-stop'));
    expect((await speak()).end).toBe('TTS_FAILED');
  });

  it.each<[string, { width?: number; channels?: number }, number[][], number[]]>([
    ['samples cut in halves', {}, [[1], [0, 2, 0, 3], [0]], [1, 2, 3]],
    ['an odd last byte', {}, [[1, 0, 2]], [1]],
    [
      'stereo',
      { channels: 2 },
      [
        [10, 0, 20],
        [0, 30, 0, 50, 0],
      ],
      [15, 40],
    ],
    ['8 bits', { width: 1 }, [[128, 129, 0]], [0, 256, -32_768]],
    ['24 bits', { width: 3 }, [[0, 5, 0, 9, 6, 0]], [5, 6]],
    ['32 bits', { width: 4 }, [[0, 0, 7, 0]], [7]],
  ])('plays %s', async (_, format, chunks, samples) => {
    await start((peer, type) => {
      if (type !== 'synthesize') return;
      for (const chunk of chunks) peer.send('audio-chunk', { ...FORMAT, ...format }, Buffer.from(chunk));
      peer.send('audio-stop');
    });
    const { events, end } = await speak();
    expect([samplesOf(events), end]).toEqual([samples, 'done']);
  });

  it('refuses a voice that the server does not list, without asking for it', async () => {
    await start(answer, { mouth: { voices: [{ name: 'en_US-amy' }] } });
    expect((await speak({ ...HELLO, voice: 'marin' })).end).toBe('ENGINE_REQUEST');
    expect((await speak({ ...HELLO, voice: 'en_US-amy' })).end).toBe('done');
    expect(server.servers.flatMap((peer) => peer.of('synthesize'))).toHaveLength(1);
  });

  it('asks nothing for a text without a word', async () => {
    await start(answer);
    expect(await speak({ ...HELLO, text: '…' })).toEqual({ events: [], end: 'done' });
    expect(server.servers[0]?.of('synthesize')).toEqual([]);
  });
});
