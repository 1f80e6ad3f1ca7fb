import { beforeEach, describe, expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { WyomingListener, type WyomingPeer } from '../../testing/loopback/mod.ts';
import { type Outcome, outcomeOf } from '../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../engine-test-util.ts';
import { wyomingStt } from '../stt/wyoming/wyoming.ts';
import { wyomingTts } from '../tts/wyoming/wyoming.ts';

interface Engine {
  run(signal: AbortSignal): Promise<Outcome<unknown>>;
  close(): Promise<void>;
}

async function* utterance() {
  yield { rate: PIPELINE_RATE, samples: new Int16Array(1_600) } as const;
}

function stt(address: string): Engine {
  const engine = wyomingStt({ address });
  return {
    run: (signal) => outcomeOf(engine.transcribe(utterance(), { language: 'en' }, signal)),
    close: () => engine.close(),
  };
}

function tts(address: string): Engine {
  const engine = wyomingTts({ address });
  return {
    run: (signal) => outcomeOf(engine.synthesize({ text: 'hello', language: 'en' }, signal)),
    close: () => engine.close(),
  };
}

const FORMAT = { rate: 16_000, width: 2, channels: 1 };
const TONE = Buffer.alloc(640, 1);
const KINDS = [
  {
    kind: 'stt',
    make: stt,
    failed: 'STT_FAILED',
    /** The last event of a request. */
    asked: 'audio-stop',
    answer: (peer: WyomingPeer) => peer.send('transcript', { text: 'hello' }),
  },
  {
    kind: 'tts',
    make: tts,
    failed: 'TTS_FAILED',
    asked: 'synthesize',
    answer: (peer: WyomingPeer) => {
      peer.send('audio-start', FORMAT);
      peer.send('audio-chunk', FORMAT, TONE);
      peer.send('audio-stop');
    },
  },
];
const INFO = { asr: [{ name: 'ears', models: [] }], tts: [{ name: 'mouth', voices: [] }] };

let server: WyomingListener;
let meet: (peer: WyomingPeer) => void;
let engine: Engine | undefined;

closeAfterEach(() => ({ engine, server }));

describe.each(KINDS)('$kind', ({ make, failed, asked, answer: good }) => {
  beforeEach(async () => {
    server = await WyomingListener.start((peer) => meet(peer));
    engine = make(server.url);
  });

  /** A request to a server that describes itself and then does `answer`. */
  const run = async (answer: (peer: WyomingPeer) => void, signal = new AbortController().signal) => {
    meet = (peer) => {
      peer.onEvent = ({ type }) => {
        if (type === 'describe') peer.send('info', INFO);
        else if (type === asked) answer(peer);
      };
    };
    return start(signal);
  };
  /** A request to a server that does `onEvent` from its first event on. */
  const runAgainst = (onEvent: (peer: WyomingPeer) => void) => {
    meet = (peer) => {
      peer.onEvent = () => onEvent(peer);
    };
    return start(new AbortController().signal);
  };
  const start = (signal: AbortSignal) => (engine ?? make(server.url)).run(signal);

  const CASES: readonly [string, (peer: WyomingPeer) => void, string][] = [
    ['an error', (peer) => peer.send('error', { text: 'no model', code: 'load' }), failed],
    ['an error without a word', (peer) => peer.send('error'), failed],
    ['a connection closed', (peer) => void peer.socket.end(), 'ENGINE_UNREACHABLE'],
    ['a connection reset', (peer) => void peer.socket.resetAndDestroy(), 'ENGINE_UNREACHABLE'],
    ['bytes of another protocol', (peer) => void peer.socket.write('HTTP/1.1 400 Bad\n'), 'ENGINE_PROTOCOL'],
    [
      'an event without end',
      (peer) => void peer.socket.write('{"type":"audio-chunk","payload_length":999999999}\n'),
      'ENGINE_PROTOCOL',
    ],
    [
      'an answer that lies about its length',
      (peer) => void peer.socket.end('{"type":"transcript","data_length":50}\n{"text":'),
      'ENGINE_UNREACHABLE',
    ],
    ['a value of the wrong type', (peer) => answerWrongly(peer), 'ENGINE_PROTOCOL'],
    [
      'unknown events',
      (peer) => {
        peer.send('new-in-2.0', { a: 1 });
        good(peer);
      },
      'done',
    ],
    [
      'an answer and more after it',
      (peer) => {
        good(peer);
        good(peer);
        peer.socket.write('garbage\n');
      },
      'done',
    ],
  ];

  function answerWrongly(peer: WyomingPeer): void {
    if (asked === 'audio-stop') peer.send('transcript', { text: 7 });
    else peer.send('audio-chunk', { ...FORMAT, rate: 'fast' }, TONE);
  }

  it.each(CASES)('ends as it should at %s', async (_, behaviour, end) => {
    const outcome = await run(behaviour);
    expect(outcome.end).toBe(end);
  });

  it('passes on what the server reports', async () => {
    const { error } = await run((peer) => peer.send('error', { text: 'no model', code: 'load' }));
    expect(error?.message).toContain('load no model');
  });

  it('is freed by an abort when the server hangs', async () => {
    const controller = new AbortController();
    const running = run(() => controller.abort(), controller.signal);
    expect((await running).end).toBe('CANCELLED');
    await server.sockets.allClosed();
  });

  it('is freed by its own close when the server does not even describe itself', async () => {
    const outcome = await runAgainst(() => void engine?.close());
    expect(outcome.end).toBe('CANCELLED');
  });

  it('does not connect when it is aborted before it begins, or closed', async () => {
    expect((await run(good, AbortSignal.abort())).end).toBe('CANCELLED');
    await engine?.close();
    expect((await run(good)).end).toBe('CANCELLED');
    expect(server.sockets.opened).toBe(0);
  });

  it('cannot reach a server that is not there', async () => {
    const gone = await WyomingListener.start();
    await gone.close();
    engine = make(gone.url);
    expect((await run(good)).end).toBe('ENGINE_UNREACHABLE');
  });

  it('refuses a server of another kind', async () => {
    const { end, error } = await runAgainst((peer) =>
      peer.send('info', { wake: [{ name: 'openwakeword' }] }),
    );
    expect(end).toBe('ENGINE_REQUEST');
    expect(error?.message).toContain(`the server at ${new URL(server.url).host} does not`);
  });

  it('asks once what the server is, and again after a failure', async () => {
    await run(good);
    await run(good);
    await run((peer) => void peer.socket.end());
    await run(good);
    expect(server.servers.map((peer) => peer.of('describe').length)).toEqual([1, 0, 0, 1]);
  });
});
