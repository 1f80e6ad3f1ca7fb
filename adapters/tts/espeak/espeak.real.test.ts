import { spawn } from 'node:child_process';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TtsEngine, TtsEvent } from '../../../actors/ports/tts.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { espeakTts } from './espeak.ts';

const threads: Worker[] = [];
let engine: TtsEngine;

beforeAll(async () => {
  engine = espeakTts({
    startThread: (options) => {
      const thread = startWorkerThread(import.meta.url, 'worker', options);
      threads.push(thread);
      return thread;
    },
  });
  await engine.warm?.();
});

afterAll(() => engine.close());

async function say(text: string, { language = 'en', voice }: { language?: string; voice?: string } = {}) {
  const request = { text, language, ...(voice !== undefined && { voice }) };
  const events: TtsEvent[] = [];
  for await (const event of engine.synthesize(request, new AbortController().signal)) events.push(event);
  return events;
}

function samplesOf(events: readonly TtsEvent[]): number {
  return events.reduce((sum, event) => sum + (event.type === 'audio' ? event.pcm.samples.length : 0), 0);
}

function wordsOf(text: string, events: readonly TtsEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'word' ? [text.slice(event.offset, event.offset + event.length)] : [],
  );
}

describe('espeakTts', () => {
  it('speaks audible audio at 22,050 Hz with the words and phonemes of the text', async () => {
    const events = await say('Hello there.');

    expect(samplesOf(events)).toBeGreaterThan(22_050 / 2);
    const loudest = Math.max(
      ...events.flatMap((event) => (event.type === 'audio' ? Array.from(event.pcm.samples, Math.abs) : [])),
    );
    expect(loudest).toBeGreaterThan(5_000);
    expect(new Set(events.flatMap((event) => (event.type === 'audio' ? [event.pcm.rate] : [])))).toEqual(
      new Set([22_050]),
    );
    expect(wordsOf('Hello there.', events)).toEqual(['Hello', 'there']);
    const mouth = events.flatMap((event) =>
      event.type === 'phoneme' ? [[event.phoneme, event.viseme]] : [],
    );
    expect(mouth).toEqual([
      ['h', 12],
      ['ə', 1],
      ['l', 14],
      ['ˈəʊ', 8],
      ['ð', 17],
      ['ˈeə', 4],
      ['', 0],
    ]);
  });

  it('yields marks before or with their audio, in order, across pieces', async () => {
    const text = 'The robot moves to the left, waits some time, and comes back. '.repeat(12);

    const events = await say(text);

    let heard = 0;
    let latest = { word: 0, phoneme: 0 };
    for (const event of events) {
      if (event.type === 'audio') {
        heard += event.pcm.samples.length;
        continue;
      }
      expect(event.sample).toBeGreaterThanOrEqual(heard);
      expect(event.sample).toBeGreaterThanOrEqual(latest[event.type]);
      latest = { ...latest, [event.type]: event.sample };
    }
    expect(latest.phoneme).toBeLessThanOrEqual(heard);
    expect(wordsOf(text, events)).toEqual(text.match(/\w+/g));
  });

  it('yields no event for text without anything to speak', async () => {
    expect(await say('')).toEqual([]);
    expect(await say(' \n\t\u0000')).toEqual([]);
  });

  it('reads markup and phoneme brackets as plain words', async () => {
    const pause = '<break time="30s"/> now';
    expect(samplesOf(await say(pause))).toBeLessThan(10 * 22_050);
    expect(wordsOf(pause, await say(pause))).toEqual(expect.arrayContaining(['break', 'time', 'now']));

    const entity = 'a &lt;audio src="x"/&gt; b';
    expect(wordsOf(entity, await say(entity))).toEqual(expect.arrayContaining(['lt', 'audio', 'src']));

    const brackets = "say [[h@l'oU]] now";
    expect(wordsOf(brackets, await say(brackets))).toEqual(expect.arrayContaining(['h', 'now']));
  });

  it('continues after NUL, control characters, broken UTF-16 and emoji', async () => {
    const text = 'one\u0000two \u000190P three \ud83d four 👋🏽 five\u001b six';

    expect(wordsOf(text, await say(text))).toEqual(
      expect.arrayContaining(['one', 'two', 'three', 'four', 'five', 'six']),
    );
  });

  it('speaks Chinese with a Chinese voice, and an unknown language with the English one', async () => {
    const chinese = '今天天气很好，我们去公园。';
    const words = wordsOf(chinese, await say(chinese, { language: 'zh-CN' }));
    expect(words.length).toBeGreaterThan(8);
    expect(words.every((word) => chinese.includes(word))).toBe(true);

    const phonemes = (events: readonly TtsEvent[]) =>
      events.flatMap((event) => (event.type === 'phoneme' ? [event.phoneme] : []));
    expect(phonemes(await say('Hello there.', { language: 'tlh' }))).toEqual(
      phonemes(await say('Hello there.')),
    );
    expect(phonemes(await say('Hello there.', { language: 'de' }))).not.toEqual(
      phonemes(await say('Hello there.')),
    );
  });

  it('speaks with the requested voice, and refuses an unknown one', async () => {
    expect(samplesOf(await say('Hello.', { voice: 'en-us+f3' }))).toBeGreaterThan(0);
    for (const voice of ['alloy', 'mb/mb-us1', '../../etc/passwd']) {
      await expect(say('Hello.', { voice })).rejects.toMatchObject({ code: 'ENGINE_REQUEST' });
    }
    expect(samplesOf(await say('Hello.'))).toBeGreaterThan(0);
  });

  it('ends with CANCELLED when aborted in mid-stream, and serves the next request in the same thread', async () => {
    const abort = new AbortController();
    const events: TtsEvent[] = [];
    const reading = (async () => {
      const request = { text: 'A very long speech. '.repeat(2_000), language: 'en' };
      for await (const event of engine.synthesize(request, abort.signal)) {
        events.push(event);
        if (events.length === 10) abort.abort();
      }
    })();

    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(events).toHaveLength(10);
    expect(samplesOf(await say('Hello there.'))).toBeGreaterThan(0);
    expect(threads).toHaveLength(1);
  });

  it('ends with CANCELLED while it waits for the thread, and when aborted beforehand', async () => {
    const abort = new AbortController();
    const waiting = engine
      .synthesize({ text: 'Hello.', language: 'en' }, abort.signal)
      [Symbol.asyncIterator]();

    const next = waiting.next();
    abort.abort(new Error('barge-in'));

    await expect(next).rejects.toMatchObject({ code: 'CANCELLED', cause: abort.signal.reason });
    const late = engine.synthesize({ text: 'Hello.', language: 'en' }, abort.signal)[Symbol.asyncIterator]();
    await expect(late.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is free again after a reader leaves', async () => {
    for await (const event of engine.synthesize(
      { text: 'word '.repeat(5_000), language: 'en' },
      new AbortController().signal,
    )) {
      if (event.type === 'audio') break;
    }

    expect(samplesOf(await say('Hello there.'))).toBeGreaterThan(0);
  });

  it('serves short requests while a very long one is running', async () => {
    const ended: string[] = [];
    const long = say('This is a sentence of a long speech. '.repeat(100)).then(() => ended.push('long'));
    const shorts = ['one', 'two', 'three'].map((text) => say(text).then(() => ended.push(text)));

    await Promise.all([long, ...shorts]);

    expect(ended).toEqual(['one', 'two', 'three', 'long']);
  });

  it('fails the running request with ENGINE_CRASHED when its thread dies, and starts another', async () => {
    const before = threads.length;
    const dying = threads.at(-1);
    const reading = (async () => {
      const request = { text: 'A very long speech. '.repeat(2_000), language: 'en' };
      for await (const event of engine.synthesize(request, new AbortController().signal)) {
        if (event.type === 'audio') await dying?.terminate();
      }
    })();

    await expect(reading).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(samplesOf(await say('Hello there.'))).toBeGreaterThan(0);
    expect(threads).toHaveLength(before + 1);
  });

  it('names the missing package', async () => {
    const missing = espeakTts({ packageName: '@parley-test/no-such-package' });
    const read = async () => {
      for await (const _ of missing.synthesize(
        { text: 'Hello.', language: 'en' },
        new AbortController().signal,
      )) {
        // No event.
      }
    };

    const expected = {
      code: 'ENGINE_MISSING',
      message: expect.stringContaining('@parley-test/no-such-package'),
    };
    await expect(missing.warm?.()).rejects.toMatchObject(expected);
    await expect(read()).rejects.toMatchObject(expected);
    await missing.close();
  });

  it('says a text with a breathy voice alike whenever it is started', async () => {
    const saidByOneStartedAt = async (ms: number) => {
      const clock = ['--import', `data:text/javascript,Date.now=()=>${ms}`];
      const started = espeakTts({
        startThread: (options) =>
          startWorkerThread(import.meta.url, 'worker', { ...options, execArgv: clock }),
      });
      const samples: number[] = [];
      const request = { text: 'Stop.', language: 'en', voice: 'en-us+f3' };
      for await (const event of started.synthesize(request, new AbortController().signal))
        if (event.type === 'audio') samples.push(...event.pcm.samples);
      await started.close();
      return samples;
    };
    expect(await saidByOneStartedAt(1_000_000)).toEqual(await saidByOneStartedAt(2_000_000));
  });

  it('refuses options out of range', () => {
    for (const options of [{ ratePerMinute: 10 }, { pitch: 100 }, { workers: 0 }]) {
      expect(() => espeakTts(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    }
  });

  it('lets the process end without close once every request is done', async () => {
    const code = `import { espeakTts } from ${JSON.stringify(new URL('../../../dist/adapters/tts/espeak/espeak.js', import.meta.url).href)};
      let samples = 0;
      const signal = new AbortController().signal;
      for await (const event of espeakTts().synthesize({ text: 'Hello.', language: 'en' }, signal)) {
        if (event.type === 'audio') samples += event.pcm.samples.length;
      }
      console.log(samples > 0 ? 'spoken' : 'silent');`;
    const args = ['--input-type=module', '--eval', code];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });

    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(output.trim()).toBe('spoken');
  });
});
