/** Faults of sick engines that the simulator found, each as the shortest request that showed it. */
import { describe, expect, it } from 'vitest';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { hang, pause } from '../../testing/scripted-engines.ts';
import { nearestResampler } from '../../testing/simulation/engines.ts';
import type { LlmEngine, LlmEvent } from '../ports/llm.ts';
import type { SttEngine, SttEvent } from '../ports/stt.ts';
import type { TtsEngine, TtsEvent } from '../ports/tts.ts';
import { bench } from './harness-test-util.ts';
import { chainLlm } from './llm.ts';
import { chainStt } from './stt.ts';
import { chainTts } from './tts.ts';

type Tools = ReturnType<typeof bench>;
/** What an engine does with each of its requests; the last entry repeats. */
type Behaviour<Event> = (signal: AbortSignal) => AsyncIterable<Event>;

/** Opens after one failure, for 10 s. */
const TOUCHY = { failures: 1, windowMs: 30_000, backoffMs: 10_000, maxBackoffMs: 10_000 };

/** An event of an engine written without types. */
function foreign<Event>(value: unknown): Event {
  return value as Event;
}

function inTurn<Event>(behaviours: readonly Behaviour<Event>[]): Behaviour<Event> {
  let next = 0;
  return (signal) => {
    const behaviour = behaviours[Math.min(next++, behaviours.length - 1)];
    if (!behaviour) throw new RangeError('nothing to do');
    return behaviour(signal);
  };
}

/** Yields nothing and rejects with `end`. */
function nothingBut(end: (signal: AbortSignal) => Promise<never>): Behaviour<never> {
  return (signal) => ({ [Symbol.asyncIterator]: () => ({ next: () => end(signal) }) });
}

const fails = nothingBut(() => Promise.reject(new ParleyError('ENGINE_LOST', 'as scripted')));
const hangs = nothingBut(hang);

function says<Event>(...events: readonly Event[]): Behaviour<Event> {
  return async function* () {
    yield* events;
  };
}

/** Shared engine members. Only the first engine can be warmed, so the breakers of the others open. */
function common(place: number) {
  return {
    name: 'abc'[place] ?? '',
    warm: async () => {
      if (place > 0) throw new ParleyError('ENGINE_LOST', 'as scripted');
    },
    close: async () => {},
  };
}

function llms(tools: Tools, ...engines: readonly (readonly Behaviour<LlmEvent>[])[]) {
  const made = engines.map((behaviours, place): LlmEngine => {
    const behave = inTurn(behaviours);
    return { ...common(place), reply: (_request, signal) => behave(signal) };
  });
  const chain = chainLlm(made, tools.options);
  const ask = () =>
    tools.read(chain.reply({ messages: [], language: 'en', seed: 1 }, new AbortController().signal));
  return { chain, ask };
}

function stts(tools: Tools, ...engines: readonly (readonly Behaviour<SttEvent>[])[]) {
  const made = engines.map((behaviours, place): SttEngine => {
    const behave = inTurn(behaviours);
    return {
      ...common(place),
      async *transcribe(audio, _request, signal) {
        for await (const _piece of audio);
        yield* behave(signal);
      },
    };
  });
  const chain = chainStt(made, tools.options);
  const ask = () =>
    tools.read(chain.transcribe(utterance(), { language: 'en' }, new AbortController().signal));
  return { chain, ask };
}

function ttss(tools: Tools, ...engines: readonly (readonly Behaviour<TtsEvent>[])[]) {
  const made = engines.map((behaviours, place): TtsEngine => {
    const behave = inTurn(behaviours);
    return { ...common(place), synthesize: (_request, signal) => behave(signal) };
  });
  const chain = chainTts(made, { ...tools.options, resamplers: nearestResampler });
  const ask = () =>
    tools.read(chain.synthesize({ text: 'hello there', language: 'en' }, new AbortController().signal));
  return { chain, ask };
}

async function* utterance(): AsyncGenerator<Pcm<PipelineRate>> {
  yield { rate: PIPELINE_RATE, samples: new Int16Array(160) };
}

const sound = (rate = 24_000): TtsEvent => ({ type: 'audio', pcm: { rate, samples: new Int16Array(240) } });
const text: LlmEvent = { type: 'delta', text: 'hello' };
const final: SttEvent = { type: 'final', text: 'hello' };

describe('an engine that yields a malformed event', () => {
  it.each([null, 42, {}, { type: 'delta' }, { type: 'delta', text: 42 }, { type: 'thought', text: 'hm' }])(
    'has failed as a language engine: %j',
    async (garbage) => {
      const tools = bench();
      const { ask } = llms(tools, [says(foreign<LlmEvent>(garbage))], [says(text)]);
      const reply = ask();
      await tools.clock.advance(10);
      expect(reply).toMatchObject({ events: [text], end: 'done' });
      expect(tools.log).toContain('a failed ENGINE_PROTOCOL');
    },
  );

  it.each([
    { type: 'action', id: 7, name: 'wave', args: {} },
    { type: 'action', id: 'x', name: 'wave', args: ['all'] },
  ])('does not move the robot: %j', async (garbage) => {
    const tools = bench();
    const { ask } = llms(tools, [says(foreign<LlmEvent>(garbage))], [says(text)]);
    const reply = ask();
    await tools.clock.advance(10);
    expect(reply.events).toEqual([text]);
  });

  it.each([
    'final',
    { type: 'final' },
    { type: 'final', text: null },
    { type: 'final', text: 'x', confidence: 'sure' },
    { type: 'guess', text: 'x' },
    { type: 'partial', text: ['x'] },
  ])('has failed as a recogniser: %j', async (garbage) => {
    const tools = bench();
    const { ask } = stts(tools, [says(foreign<SttEvent>(garbage))], [says(final)]);
    const heard = ask();
    await tools.clock.advance(10);
    expect(heard).toMatchObject({ events: [final], end: 'done' });
    expect(tools.log).toContain('a failed ENGINE_PROTOCOL');
  });

  it.each([
    ['nothing', undefined],
    ['audio without samples', { type: 'audio' }],
    ['audio that is a list', { type: 'audio', pcm: { rate: 24_000, samples: [1, 2] } }],
    ['audio without a rate', { type: 'audio', pcm: { rate: Number.NaN, samples: new Int16Array(240) } }],
    ['audio at 0 Hz', { type: 'audio', pcm: { rate: 0, samples: new Int16Array(240) } }],
    ['a word before the beginning', { type: 'word', sample: -5, offset: 0, length: 5 }],
    ['a word without a time', { type: 'word', sample: Number.NaN, offset: 0, length: 5 }],
    ['a mouth that does not exist', { type: 'phoneme', sample: 0, phoneme: 'a', viseme: 99 }],
  ])('has failed as a speech engine: %s', async (_what, garbage) => {
    const tools = bench();
    const { ask } = ttss(tools, [says(foreign<TtsEvent>(garbage))], [says(sound())]);
    const speech = ask();
    await tools.clock.advance(10);
    expect(speech).toMatchObject({ end: 'done' });
    expect(speech.events.filter(({ type }) => type === 'audio')).toEqual([sound()]);
    expect(tools.log).toContain('a failed ENGINE_PROTOCOL');
  });
});

describe('the only healthy engine of a chain', () => {
  it('when late, competes with engines whose breaker is open: one that recovered answers', async () => {
    const tools = bench();
    const { chain, ask } = llms(tools, [hangs], [says(text)]);
    await chain.warm?.();
    const reply = ask();
    await tools.clock.advance(5_000);
    expect(reply).toMatchObject({ events: [text], end: 'done', firstMs: 1_000 });
    expect(tools.log).toContain('b hedged from a after 1000');
  });

  it('still gives the answer when it arrives late, after all engines with an open breaker were asked', async () => {
    const tools = bench();
    const slow: Behaviour<LlmEvent> = async function* (signal) {
      await pause(tools.clock, 1_500, signal);
      yield text;
    };
    const { chain, ask } = llms(tools, [slow], [fails], [hangs]);
    await chain.warm?.();
    const reply = ask();
    await tools.clock.advance(5_000);
    expect(reply).toMatchObject({ events: [text], end: 'done', firstMs: 1_500 });
    expect(tools.log.filter((line) => line.includes('asked'))).toEqual([
      'a asked first',
      'b asked hedge',
      'c asked failed',
    ]);
  });

  it('as a recogniser, also competes with them', async () => {
    const tools = bench();
    const { chain, ask } = stts(tools, [hangs], [fails], [says(final)]);
    await chain.warm?.();
    const heard = ask();
    await tools.clock.advance(5_000);
    expect(heard).toMatchObject({ events: [final], end: 'done', firstMs: 1_000 });
  });

  it('has twice the time to continue a segment', async () => {
    const tools = bench();
    const stalls: Behaviour<TtsEvent> = async function* (signal) {
      yield sound();
      await hang(signal);
    };
    const { chain, ask } = ttss(tools, [stalls], [says(sound(), sound())]);
    await chain.warm?.();
    const speech = ask();
    await tools.clock.advance(999);
    expect(speech.end).toBeUndefined();
    await tools.clock.advance(1);
    expect(speech.end).toBe('done');
    expect(speech.events.filter(({ type }) => type === 'audio')).toHaveLength(3);
  });
});

describe('a probe', () => {
  it('ends when its engine trickles without an answer', async () => {
    const tools = bench({ breaker: TOUCHY });
    let running = 0;
    async function* trickles(signal: AbortSignal): AsyncGenerator<LlmEvent> {
      running++;
      try {
        for (;;) {
          await pause(tools.clock, 100, signal);
          yield { type: 'delta', text: '' };
        }
      } finally {
        running--;
      }
    }
    const { ask } = llms(tools, [fails, trickles], [says(text)]);
    ask();
    await tools.clock.advance(10_000);
    ask();
    await tools.clock.advance(500);
    expect(running).toBe(1);
    // It shows that it works, as a model does that thinks; but not for ever.
    await tools.clock.advance(5_000);
    expect(running).toBe(1);
    await tools.clock.advance(6_000);
    expect(running).toBe(0);
    expect(tools.log).toContain('a failed LLM_TIMEOUT');
  });
});
