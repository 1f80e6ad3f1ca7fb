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

  it.each([
    ['no audio', (peer: WyomingPeer) => peer.send('audio-stop'), 'TTS_FAILED'],
    [
      'half a sample',
      (peer: WyomingPeer) => peer.send('audio-chunk', FORMAT, Buffer.alloc(3)),
      'ENGINE_PROTOCOL',
    ],
    [
      'stereo',
      (peer: WyomingPeer) => peer.send('audio-chunk', { ...FORMAT, channels: 2 }, Buffer.alloc(4)),
      'ENGINE_PROTOCOL',
    ],
  ])('fails at %s', async (_, behaviour, code) => {
    await start(behaviour);
    expect((await speak()).end).toBe(code);
  });

  it('asks nothing for a text without a word', async () => {
    await start(answer);
    expect(await speak({ ...HELLO, text: '…' })).toEqual({ events: [], end: 'done' });
    expect(server.servers[0]?.of('synthesize')).toEqual([]);
  });
});
