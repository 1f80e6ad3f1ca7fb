import { describe, expect, it } from 'vitest';
import type { SttEvent } from '../../../actors/ports/stt.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';
import { WyomingListener, type WyomingPeer } from '../../../testing/loopback/mod.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type WyomingSttOptions, wyomingStt } from './wyoming.ts';

let server: WyomingListener;
let engine: ReturnType<typeof wyomingStt>;

closeAfterEach(() => ({ engine, server }));

const never = () => new AbortController().signal;

/** A recogniser that does `onEvent` with each event after its description. */
async function start(
  onEvent: (peer: WyomingPeer, type: string) => void,
  options: Partial<WyomingSttOptions> = {},
) {
  server = await WyomingListener.start((peer) => {
    peer.onEvent = ({ type }) => {
      if (type === 'describe') peer.send('info', { asr: [{ name: 'ears', models: [] }] });
      else onEvent(peer, type);
    };
  });
  engine = wyomingStt({ address: server.url, ...options });
}

async function* pieces(...lengths: number[]): AsyncGenerator<Pcm<PipelineRate>> {
  let value = 0;
  for (const length of lengths)
    yield { rate: PIPELINE_RATE, samples: Int16Array.from({ length }, () => value++ % 1_000) };
}

const answerAtStop = (text: string) => (peer: WyomingPeer, type: string) => {
  if (type === 'audio-stop') peer.send('transcript', { text, language: 'de' });
};

describe('wyomingStt', () => {
  it('sends the language, the model and the audio, and takes the transcript', async () => {
    await start(answerAtStop(' Hallo. '), { model: 'tiny' });
    const { events } = await outcomeOf(
      engine.transcribe(pieces(1_600, 40_000), { language: 'de-AT' }, never()),
    );
    expect(events).toEqual([{ type: 'final', text: 'Hallo.', language: 'de' }]);
    const [peer] = server.servers;
    expect(peer?.received.map(({ type }) => type)).toEqual([
      ...['describe', 'transcribe', 'audio-start'],
      // An event carries at most a second.
      ...['audio-chunk', 'audio-chunk', 'audio-chunk', 'audio-stop'],
    ]);
    expect(peer?.of('transcribe')[0]?.data).toEqual({ language: 'de-AT', name: 'tiny' });
    expect(peer?.of('audio-chunk')[0]?.data).toEqual({ rate: 16_000, width: 2, channels: 1 });
    const bytes = Buffer.concat(peer?.of('audio-chunk').map(({ payload }) => payload) ?? []);
    const heard = new Int16Array(new Uint8Array(bytes).buffer);
    expect([...heard]).toEqual(Array.from({ length: 41_600 }, (_, at) => at % 1_000));
  });

  it('gives what the server streams as partial texts while the user still speaks', async () => {
    let heardAll = () => {};
    const partials = new Promise<void>((resolve) => {
      heardAll = resolve;
    });
    async function* speech(): AsyncGenerator<Pcm<PipelineRate>> {
      yield* pieces(1_600);
      await partials;
    }
    await start(
      (peer, type) => {
        if (type === 'audio-chunk') {
          peer.send('transcript-start', { language: 'en' });
          peer.send('transcript-chunk', { text: 'turn' });
          peer.send('transcript-chunk', { text: ' left' });
        }
        if (type === 'audio-stop') peer.send('transcript-stop');
      },
      { partials: true },
    );
    const events: SttEvent[] = [];
    for await (const event of engine.transcribe(speech(), { language: 'en' }, never())) {
      events.push(event);
      if (events.length === 2) heardAll();
    }
    expect(events).toEqual([
      { type: 'partial', text: 'turn' },
      { type: 'partial', text: 'turn left' },
      { type: 'final', text: 'turn left' },
    ]);
  });

  it('sends no silence before and after the utterance but 200 ms, if the server waits for its end', async () => {
    async function* quiet(): AsyncGenerator<Pcm<PipelineRate>> {
      yield { rate: PIPELINE_RATE, samples: new Int16Array(16_000) };
      yield* pieces(8_000);
      yield { rate: PIPELINE_RATE, samples: new Int16Array(16_000) };
    }
    for (const [partials, samples] of [
      [true, 40_000],
      [false, 3_200 + 8_000 + 3_200],
    ] as const) {
      await start(answerAtStop('Hallo.'), { partials });
      await outcomeOf(engine.transcribe(quiet(), { language: 'de' }, never()));
      const sent = server.servers[0]?.of('audio-chunk').map(({ payload }) => payload.length / 2) ?? [];
      expect(sent.reduce((sum, one) => sum + one, 0)).toBe(samples);
      if (partials) await Promise.all([engine.close(), server.close()]);
    }
  });

  it.each([
    [' turn left\n and stop\n', { text: 'turn left and stop', language: 'de' }],
    ['<|en|><|EMO_UNKNOWN|> turn left', { text: 'turn left', language: 'de' }],
    [
      '[BLANK_AUDIO]',
      { text: '', language: 'de', rejected: { nearest: '[BLANK_AUDIO]', confidence: 0, reason: 'invented' } },
    ],
    [
      'Vielen Dank.',
      { text: '', language: 'de', rejected: { nearest: 'Vielen Dank.', confidence: 0, reason: 'invented' } },
    ],
  ])(
    'makes a transcript readable, and rejects an invented one in a faint sound (%j)',
    async (written, final) => {
      await start(answerAtStop(written));
      const { events } = await outcomeOf(engine.transcribe(pieces(400, 400), { language: 'de' }, never()));
      expect(events).toEqual([{ type: 'final', ...final }]);
    },
  );

  it('understands nothing in an empty utterance', async () => {
    await start(answerAtStop(''));
    const { events } = await outcomeOf(engine.transcribe(pieces(), { language: 'en' }, never()));
    expect(events).toEqual([{ type: 'final', text: '', language: 'de' }]);
  });

  it('ends with the microphone’s failure, and closes the connection', async () => {
    await start(() => {});
    async function* broken(): AsyncGenerator<Pcm<PipelineRate>> {
      yield* pieces(1_600);
      throw new Error('no microphone');
    }
    const { end, error } = await outcomeOf(engine.transcribe(broken(), { language: 'en' }, never()));
    expect([end, error?.message]).toEqual(['STT_FAILED', expect.stringContaining('no microphone')]);
    await server.sockets.allClosed();
  });

  it('stops reading the microphone when it is cancelled', async () => {
    await start(() => {});
    const controller = new AbortController();
    let closed = false;
    async function* endless(): AsyncGenerator<Pcm<PipelineRate>> {
      try {
        yield* pieces(1_600);
        controller.abort();
        yield* pieces(1_600);
      } finally {
        closed = true;
      }
    }
    const { end } = await outcomeOf(engine.transcribe(endless(), { language: 'en' }, controller.signal));
    expect(end).toBe('CANCELLED');
    await new Promise(setImmediate);
    expect(closed).toBe(true);
  });
});
