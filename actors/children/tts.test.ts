import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { samplesInMs } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import type { ChildEvent } from '../../machines/session/events.ts';
import { AsyncQueue } from '../async-queue.ts';
import type { TtsEngine, TtsEvent } from '../ports/tts.ts';
import { Listener } from '../reply/listener.ts';
import { noResampling } from '../reply/no-resampling-test-util.ts';
import { ReplyTrack } from '../reply-track.ts';
import { ttsChild } from './tts.ts';

const RATE = 24_000;

const settle = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** One call of the engine, controlled by the test. */
class Call {
  readonly text: string;
  readonly signal: AbortSignal;
  /** Number of events requested. */
  asked = 0;
  closed = false;
  /** Ignores the cancel. */
  deaf = false;
  readonly #mailbox = new AsyncQueue<TtsEvent | 'end' | Error>();

  constructor(text: string, signal: AbortSignal) {
    this.text = text;
    this.signal = signal;
  }

  async give(...events: (TtsEvent | 'end' | Error)[]): Promise<void> {
    for (const event of events) this.#mailbox.push(event);
    await settle();
  }

  async *run(): AsyncGenerator<TtsEvent, void, void> {
    const abort = () => void (this.deaf || this.#mailbox.push(new ParleyError('CANCELLED')));
    this.signal.addEventListener('abort', abort);
    try {
      this.asked++;
      for await (const event of this.#mailbox) {
        if (event === 'end') return;
        if (event instanceof Error) throw event;
        yield event;
        this.asked++;
      }
    } finally {
      this.signal.removeEventListener('abort', abort);
      this.closed = true;
    }
  }
}

/** `ms` of audio, all samples `value`. */
function audio(ms: number, value: number): TtsEvent {
  return { type: 'audio', pcm: { rate: RATE, samples: new Int16Array(samplesInMs(ms, RATE)).fill(value) } };
}

function start(parallelSegments = 2, heldMs = 5_000) {
  const clock = new VirtualClock({ settle });
  const track = new ReplyTrack<16_000 | 24_000>(RATE, heldMs);
  const mailbox = new AsyncQueue<ChildMessage>();
  const calls: Call[] = [];
  const events: ChildEvent[] = [];
  const engine: TtsEngine = {
    name: 'puppet',
    synthesize: (request, signal) => {
      const call = new Call(request.text, signal);
      calls.push(call);
      return call.run();
    },
    close: async () => {},
  };
  const listener = new Listener({ generation: 1, track, clock, startMs: 0 });
  const options = {
    ...{ engine, resamplers: noResampling, track, listener, parallelSegments },
    reading: defaultParameters.reading,
  };
  const actor = createActor(ttsChild(options, { generation: 1, language: 'en', voice: null }), {
    input: { mailbox },
  });
  let failure: unknown;
  actor.on('*', (event) => events.push(event));
  actor.subscribe({ error: (error) => (failure = error) });
  actor.start();
  let segments = 0;
  const say = async (...texts: string[]) => {
    for (const text of texts) mailbox.push({ type: 'segment', segment: segments++, text });
    await settle();
  };
  const end = async () => {
    mailbox.push({ type: 'end' });
    await settle();
  };
  /** Plays `ms` and returns the pieces that it consists of. */
  const play = async (ms: number) => {
    const frame = new Int16Array(samplesInMs(ms, RATE));
    const count = track.read(frame);
    await settle();
    const heard = [...new Set(frame.subarray(0, count))];
    return { ms: (count * 1_000) / RATE, heard };
  };
  const reports = () =>
    events.splice(0).map((event) => {
      if (event.type === 'segment.started') return `${event.segment} started`;
      if (event.type !== 'segment.ready') return event.type;
      return `${event.segment} ${(event.samples * 1_000) / RATE} ms ready`;
    });
  return {
    ...{ clock, track, listener, mailbox, calls, events, actor, say, end, play, reports },
    status: () => actor.getSnapshot().status,
    failure: () => failure,
  };
}

describe('speech synthesis of a reply', () => {
  it('synthesises at most `concurrent` segments at once', async () => {
    for (const parallel of [1, 2, 3]) {
      const { calls, say } = start(parallel);
      await say('One.', 'Two.', 'Three.', 'Four.');
      expect(calls.map(({ text }) => text)).toEqual(['One.', 'Two.', 'Three.', 'Four.'].slice(0, parallel));
      await calls[0]?.give(audio(100, 1), 'end');
      expect(calls).toHaveLength(parallel + 1);
    }
  });

  it('is heard and reported in order, in whatever order segments are made', async () => {
    const { calls, say, end, play, reports, status } = start();
    await say('One.', 'Two.');
    await calls[1]?.give(audio(300, 2), audio(300, 2), 'end');
    expect(reports()).toEqual(['0 started']);
    await calls[0]?.give(audio(200, 1));
    expect(reports()).toEqual([]);
    await calls[0]?.give(audio(200, 1), 'end');
    expect(reports()).toEqual(['0 400 ms ready', '1 started', '1 600 ms ready']);
    expect(await play(1_000)).toEqual({ ms: 1_000, heard: [1, 2] });
    await end();
    expect(status()).toBe('done');
  });

  it('marks words in the original text, and mouth shapes in the reply', async () => {
    const { calls, say, events, track } = start();
    await say('Hello. ', 'See **the** [docs](https://example.com).');
    const word = (ms: number, offset: number): TtsEvent => ({
      ...{ type: 'word', sample: samplesInMs(ms, RATE), offset },
      length: 3,
    });
    await calls[1]?.give(word(0, 0), word(100, 4), word(200, 8), {
      type: 'phoneme',
      sample: 240,
      phoneme: 's',
      viseme: 3,
    });
    await calls[1]?.give(audio(300, 2), 'end');
    await calls[0]?.give(audio(100, 1), 'end');
    expect(calls[1]?.text).toBe('See the docs.');
    const last = events.at(-1);
    expect(last).toMatchObject({ type: 'segment.ready', segment: 1 });
    expect(last?.type === 'segment.ready' && last.words.map(({ offset }) => offset)).toEqual([0, 6, 13]);
    expect(track.takeCue(Number.POSITIVE_INFINITY)).toMatchObject({ sample: samplesInMs(100, RATE) + 240 });
  });

  it('adds marks to a text that is spoken differently than written, even if the engine gives none', async () => {
    const { calls, say, events } = start();
    await say('`a b`: **over** 你好.');
    await calls[0]?.give(audio(1_000, 1), 'end');
    const last = events.at(-1);
    const offsets = last?.type === 'segment.ready' ? last.words.map(({ offset }) => offset) : [];
    expect(offsets.map((offset) => '`a b`: **over** 你好.'.charAt(offset)).join('')).toBe('abo你好.');
  });

  it('marks the words of a voice without marks by their letters, so that each counts as heard once the next one begins', async () => {
    const { calls, say, events } = start();
    await say('The sun is up.');
    await calls[0]?.give(audio(1_400, 1), 'end');
    expect(events.at(-1)).toMatchObject({
      words: [0, 4, 8, 11].map((offset) => ({ offset, sample: samplesInMs(100 * offset, RATE) })),
    });
  });

  it('skips text that is not spoken, without the engine and without audio', async () => {
    const { calls, say, end, reports, status } = start();
    await say('```\ncode\n```\n', '🙂', '\n', 'Done.');
    expect(calls.map(({ text }) => text)).toEqual(['Done.']);
    await calls[0]?.give(audio(100, 1), 'end');
    await end();
    const silent = (segment: number) => [`${segment} started`, `${segment} 0 ms ready`];
    expect(reports()).toEqual([...silent(0), ...silent(1), ...silent(2), '3 started', '3 100 ms ready']);
    expect(status()).toBe('done');
  });

  it('buffers a bounded amount; backpressure on the engine does not count as its fault', async () => {
    const { calls, say, clock, track, listener, play, reports } = start(1, 2_000);
    await say('A long one.', 'Another.');
    for (let i = 0; i < 30; i++) await calls[0]?.give(audio(1_000, 1));
    // 2 s in the track, 5 s waiting for it, and the piece just read.
    expect(track.buffered).toBe(samplesInMs(2_000, RATE));
    expect(calls[0]?.asked).toBeLessThanOrEqual(9);
    reports();
    await clock.advance(4_000);
    expect(listener.sample(clock.nowMs())?.aliveAtMs).toBe(4_000);
    for (let i = 0; i < 31; i++) await play(1_000);
    expect(calls[0]?.asked).toBe(31);
    await clock.advance(3_000);
    expect(listener.sample(clock.nowMs())?.aliveAtMs).toBe(4_000);
    expect(reports()).toEqual([]);
    await calls[0]?.give('end');
    expect(reports()).toEqual(['0 30000 ms ready', '1 started']);
    await clock.advance(10_000);
    expect(reports()).toEqual([]);
  });

  it('begins no further segment while ten seconds wait to be played', async () => {
    const { calls, say, play } = start(2, 20_000);
    await say('One.', 'Two.', 'Three.', 'Four.');
    await calls[0]?.give(audio(6_000, 1), 'end');
    await calls[1]?.give(audio(6_000, 2), 'end');
    expect(calls).toHaveLength(3);
    await calls[2]?.give(audio(100, 3), 'end');
    expect(calls).toHaveLength(3);
    await play(1_500);
    expect(calls).toHaveLength(3);
    await play(700);
    expect(calls).toHaveLength(4);
  });

  it('reports a segment’s failure in its turn, after all earlier audio, and stops the others', async () => {
    const { calls, say, reports, play, track, failure } = start(3);
    await say('One.', 'Two.', 'Three.');
    await calls[1]?.give(audio(100, 2), new ParleyError('TTS_FAILED', 'as scripted'));
    await calls[2]?.give(audio(100, 3));
    expect(failure()).toBeUndefined();
    await calls[0]?.give(audio(200, 1), 'end');
    expect(reports()).toEqual(['0 started', '0 200 ms ready', '1 started']);
    expect(failure()).toMatchObject({ code: 'TTS_FAILED' });
    expect(track.ended).toBe(true);
    expect(await play(1_000)).toEqual({ ms: 300, heard: [1, 2] });
    expect(calls.map(({ closed }) => closed)).toEqual([true, true, true]);
  });

  it('fails if the engine gives no audio for words', async () => {
    const { calls, say, failure, track } = start();
    await say('One.');
    await calls[0]?.give('end');
    expect(failure()).toMatchObject({ code: 'TTS_FAILED' });
    expect(track.ended).toBe(true);
  });

  it('stopped midway, stops every engine and emits nothing more', async () => {
    for (const full of [false, true]) {
      const { calls, say, actor, clock, reports, track, failure } = start(2, full ? 100 : 5_000);
      await say('One.', 'Two.', 'Three.');
      await calls[0]?.give(audio(300, 1));
      await calls[1]?.give(audio(300, 2));
      reports();
      actor.stop();
      await settle();
      expect(calls.map(({ closed }) => closed)).toEqual([true, true]);
      await calls[0]?.give(audio(300, 1), 'end');
      await clock.advance(5_000);
      expect(reports()).toEqual([]);
      expect(track.ended).toBe(true);
      expect(failure()).toBeUndefined();
      expect(clock.nextAtMs()).toBeUndefined();
    }
  });

  it('does not count a segment as heard whose first audio comes after the stop', async () => {
    const { calls, say, actor, play, listener } = start();
    await say('One. ', 'Two.');
    await calls[0]?.give(audio(100, 1), 'end');
    await play(100);
    if (calls[1]) calls[1].deaf = true;
    actor.stop();
    await calls[1]?.give(audio(100, 2), 'end');
    expect(listener.heardAt(samplesInMs(100, RATE))).toBe('One.');
  });

  it('starts the deadline of a hanging later segment only in its turn', async () => {
    const { calls, say, end, reports, actor } = start();
    await say('One.', 'Two.');
    await end();
    await calls[0]?.give(audio(100, 1), 'end');
    expect(reports()).toEqual(['0 started', '0 100 ms ready', '1 started']);
    actor.stop();
    await settle();
    expect(calls[1]?.closed).toBe(true);
  });
});
