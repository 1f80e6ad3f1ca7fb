import { describe, expect, it } from 'vitest';
import type { Pcm } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { hang, pause } from '../../testing/scripted-engines.ts';
import type { Resampler, ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';
import { bench, type Read } from './harness-test-util.ts';
import { chainTts, type TtsChainOptions } from './tts.ts';

/** A resampler that repeats or omits samples: only their number matters here. */
const resamplers: ResamplerFactory = {
  create<From extends number, To extends number>(from: From, to: To): Resampler<From, To> {
    const convert = ({ samples }: Pcm<From>): Pcm<To> => {
      const length = Math.round((samples.length * to) / from);
      return {
        rate: to,
        samples: Int16Array.from({ length }, (_, i) => samples[Math.floor((i * from) / to)] ?? 0),
      };
    };
    return {
      from,
      to,
      push: convert,
      flush: () => ({ rate: to, samples: new Int16Array(0) }),
      close: () => {},
    };
  },
};

interface Script {
  readonly firstByteMs?: number;
  /** Characters spoken before the fault: */
  readonly after?: number;
  readonly fault?: 'fails' | 'hangs' | 'ends';
  readonly marks?: boolean;
  /** Of all requests, or of the first, second … */
  readonly rate?: number | readonly number[];
  readonly cached?: boolean;
}

/** Samples per character at any rate. Each character is a piece of audio of its own, marked by its sample's value. */
const PER_CHAR = 10;

/** Speaks one character at a time, each as 10 samples of its position in the request's text. */
function speaker(tools: ReturnType<typeof bench>, name: string, script: Script, asked: string[]): TtsEngine {
  let requests = 0;
  return {
    name,
    cached: () => script.cached === true,
    async *synthesize({ text, voice }, signal) {
      asked.push(`${name}: ${text}${voice === undefined ? '' : ` (${voice})`}`);
      const { firstByteMs = 10, after = text.length, fault, marks = true, rate: rates = 1_000 } = script;
      const rate = typeof rates === 'number' ? rates : (rates[requests++] ?? 1_000);
      await pause(tools.clock, firstByteMs, signal);
      // All at once, before their audio, as the port allows.
      for (const word of marks ? text.matchAll(/\S+/gu) : []) {
        yield { type: 'word', sample: word.index * PER_CHAR, offset: word.index, length: word[0].length };
        yield { type: 'phoneme', sample: word.index * PER_CHAR, phoneme: word[0], viseme: 1 };
      }
      for (let at = 0; at < Math.min(after, text.length); at++) {
        yield { type: 'audio', pcm: { rate, samples: new Int16Array(PER_CHAR).fill(at + 1) } };
      }
      if (after >= text.length) return;
      if (fault === 'hangs') await hang(signal);
      if (fault === 'fails') throw new ParleyError('TTS_FAILED', 'as scripted');
    },
    close: async () => {},
  };
}

function chained(scripts: readonly Script[], options: Partial<TtsChainOptions> = {}) {
  const tools = bench();
  const asked: string[] = [];
  const engines = scripts.map((script, place) => speaker(tools, 'abc'[place] ?? '', script, asked));
  const engine = chainTts(engines, { ...tools.options, resamplers, ...options });
  const say = (text: string, more: Partial<TtsRequest> = {}) =>
    tools.read(engine.synthesize({ text, language: 'en', ...more }, new AbortController().signal));
  /** What is said of a text, after this time. */
  const said = async (text: string, ms: number) => {
    const speech = say(text);
    await tools.clock.advance(ms);
    return speech;
  };
  return { ...tools, engine, asked, say, said };
}

function samplesOf({ events }: Read<TtsEvent>): number {
  return events.reduce((sum, event) => sum + (event.type === 'audio' ? event.pcm.samples.length : 0), 0);
}

function wordsOf({ events }: Read<TtsEvent>) {
  return events.flatMap((event) => (event.type === 'word' ? [[event.offset, event.sample]] : []));
}

const TEXT = 'Go forward ten meters.';

describe('a chain of speech engines', () => {
  it('asks the next engine at once when one fails before its audio', async () => {
    const { log, said } = chained([{ after: 0, fault: 'fails' }, {}]);
    const speech = await said(TEXT, 100);
    expect(samplesOf(speech)).toBe(TEXT.length * PER_CHAR);
    expect(speech).toMatchObject({ end: 'done' });
    expect(log).toEqual([
      'a asked first',
      'a failed TTS_FAILED',
      'b switched from a',
      'b asked failed',
      'b firstByte 10',
    ]);
  });

  it.each([
    ['hangs before its audio', { after: 0, fault: 'hangs' }, 1_010],
    ['ends without audio', { after: 0, fault: 'ends' }, 20],
  ] satisfies [string, Script, number][])('continues when one %s', async (_what, script, firstMs) => {
    const { said } = chained([script, {}]);
    const speech = await said(TEXT, 3_000);
    expect(samplesOf(speech)).toBe(TEXT.length * PER_CHAR);
    expect(wordsOf(speech)).toHaveLength(4);
    expect(speech.firstMs).toBe(firstMs);
  });

  it.each(['fails', 'hangs'] as const)(
    'finishes a segment that %s midway from the word that was sounding',
    async (fault) => {
      // "forwa" is the last part that a speaks.
      const { asked, log, said } = chained([{ after: 8, fault }, {}]);
      const speech = await said(TEXT, 3_000);
      expect(asked).toEqual([`a: ${TEXT}`, 'b: forward ten meters.']);
      expect(speech.end).toBe('done');
      expect(samplesOf(speech)).toBe(80 + 19 * PER_CHAR);
      // No events for words that a never reached.
      expect(wordsOf(speech)).toEqual([
        [0, 0],
        [3, 30],
        [3, 80],
        [11, 160],
        [15, 200],
      ]);
      expect(log).toContain(`a failed ${fault === 'fails' ? 'TTS_FAILED' : 'TTS_TIMEOUT'} midway`);
      expect(log).toContain('b switched from a');
    },
  );

  it('keeps the rate of the audio that began, and counts samples in it', async () => {
    const { said } = chained([{ after: 8, fault: 'fails', rate: 1_000 }, { rate: 500 }]);
    const speech = await said(TEXT, 3_000);
    const rates = new Set(speech.events.flatMap((event) => (event.type === 'audio' ? [event.pcm.rate] : [])));
    expect([...rates]).toEqual([1_000]);
    expect(samplesOf(speech)).toBe(80 + 2 * 19 * PER_CHAR);
    expect(wordsOf(speech)).toEqual([
      [0, 0],
      [3, 30],
      [3, 80],
      [11, 240],
      [15, 320],
    ]);
  });

  it('estimates the word from the pace when none were reported, and rather repeats one than omits one', async () => {
    const { asked, said } = chained([{ after: 16, fault: 'fails', marks: false, rate: 154 }, {}]);
    const speech = await said('one two three four five six', 3_000);
    // 16 characters at 65 ms each end within "four".
    expect(asked[1]).toBe('b: three four five six');
    expect(speech.end).toBe('done');
    const offsets = wordsOf(speech).map(([offset]) => offset);
    expect(offsets).toEqual([0, 4, 8, 14, 19, 24]);
  });

  it('leaves no word out though the engine spoke faster before', async () => {
    const rate = [1_000, 1_000, 154];
    const { say, clock, asked } = chained([{ after: 16, fault: 'fails', marks: false, rate }, {}]);
    for (const text of ['hello', 'hello', 'one two three four five six']) {
      say(text);
      await clock.advance(3_000);
    }
    expect(asked.at(-1)).toBe('b: three four five six');
  });

  it('fails when the last engine fails midway, after all audio made before', async () => {
    const { said } = chained([
      { after: 8, fault: 'fails' },
      { after: 3, fault: 'fails' },
    ]);
    const speech = await said(TEXT, 3_000);
    expect(speech.end).toBe('TTS_FAILED');
    expect(samplesOf(speech)).toBe(110);
  });

  it('asks the first engine again for the next segment, until its breaker opens', async () => {
    const { say, clock, asked } = chained([{ after: 0, fault: 'fails' }, {}]);
    for (let i = 0; i < 5; i++) {
      say('hello');
      await clock.advance(100);
    }
    expect(asked.map((line) => line[0]).join('')).toBe('abababbb');
  });

  it('gives no audio for a text without words', async () => {
    const { log, said } = chained([{ after: 0, marks: false }, {}]);
    const speech = await said('…', 100);
    expect(speech).toMatchObject({ events: [], end: 'done' });
    expect(log).not.toContain('b asked failed');
  });

  it('passes the voice to the first engine only', async () => {
    const { say, clock, asked } = chained([{ after: 0, fault: 'fails' }, {}]);
    say('hello', { voice: 'aria' });
    await clock.advance(100);
    expect(asked).toEqual(['a: hello (aria)', 'b: hello']);
  });

  it('takes a phrase from the engine that has it in its cache, even if its breaker is open, unless another comes first', async () => {
    const first = chained([{ after: 0, fault: 'fails', cached: true }, {}]);
    const speech = first.say('hello');
    await first.clock.advance(100);
    expect(first.engine.cached?.({ text: 'hello', language: 'en' })).toBe(true);
    expect(first.asked).toEqual(['a: hello']);
    expect(first.log).toEqual([]);
    expect(speech.end).toBe('TTS_FAILED');
    const second = chained([{}, { cached: true }]);
    second.say('hello');
    await second.clock.advance(100);
    expect(second.asked).toEqual(['a: hello']);
  });

  it('waits for the whole segment if configured so, and then recovers from any failure', async () => {
    const { asked, said } = chained([{ after: 8, fault: 'fails' }, {}], { stream: false });
    const speech = await said(TEXT, 3_000);
    expect(asked).toEqual([`a: ${TEXT}`, `b: ${TEXT}`]);
    expect(samplesOf(speech)).toBe(TEXT.length * PER_CHAR);
  });

  it('frees its resources after an abort at any point', async () => {
    for (const script of [
      { after: 0, fault: 'hangs' },
      { after: 5, fault: 'hangs' },
    ] as const) {
      const { engine, read, clock, abandoned } = chained([script, script]);
      const ask = (signal: AbortSignal) => read(engine.synthesize({ text: TEXT, language: 'en' }, signal));
      const speech = await abandoned(ask, 200);
      expect(speech.end).toBe('CANCELLED');
      expect(clock.nextAtMs()).toBeUndefined();
    }
  });
});
