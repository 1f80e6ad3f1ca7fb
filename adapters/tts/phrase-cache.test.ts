import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SharedFiles } from '../../actors/ports/shared-store.ts';
import type { TtsEngine, TtsEvent } from '../../actors/ports/tts.ts';
import { ParleyError } from '../../machines/errors.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { espeakTts } from './espeak/espeak.ts';
import { type PhraseCache, type PhraseCacheOptions, phraseCache } from './phrase-cache.ts';
import { type CachedTtsOptions, cachedTts } from './phrase-cache-tts.ts';

const never = new AbortController().signal;
const SAMPLES = 1_000;

let dir: string;
beforeEach(async () => {
  dir = await temporaryFolder();
});

function cacheOn(path: string | undefined, options: PhraseCacheOptions = {}): PhraseCache {
  const cache = phraseCache({ ...(path === undefined ? {} : { dir: path }), ...options });
  afterTest(() => cache.close());
  return cache;
}

/** Counts its requests; `broken …` fails midway. */
function counting() {
  const asked: string[] = [];
  const engine: TtsEngine = {
    name: 'counting',
    async *synthesize({ text }) {
      asked.push(text);
      yield { type: 'word', sample: 0, offset: 0, length: text.length };
      const samples = new Int16Array(SAMPLES).fill(text.length);
      yield { type: 'audio', pcm: { rate: 8_000, samples } };
      if (text.startsWith('broken')) throw new ParleyError('TTS_FAILED');
      // Changes of returned audio must not affect the cache.
      samples.fill(0);
    },
    close: async () => {},
  };
  return { engine, asked };
}

async function hear(
  engine: TtsEngine,
  text: string,
  more: { voice?: string; language?: string } = {},
): Promise<TtsEvent[]> {
  const events: TtsEvent[] = [];
  for await (const event of engine.synthesize({ text, language: 'en', ...more }, never)) events.push(event);
  return events;
}

function soundOf(events: readonly TtsEvent[]) {
  const pieces = events.flatMap((event) => (event.type === 'audio' ? [...event.pcm.samples] : []));
  return { pieces, marks: events.filter(({ type }) => type !== 'audio') };
}

describe('speech with a phrase cache', () => {
  const withCache = (cache: PhraseCache, options: CachedTtsOptions = {}) => {
    const { engine, asked } = counting();
    return { tts: cachedTts(engine, cache, options), asked, cache };
  };

  it('caches a phrase at its second request, and serves the third', async () => {
    const { tts, asked, cache } = withCache(cacheOn(undefined));
    for (let i = 0; i < 4; i++) await hear(tts, 'hello');
    await hear(tts, 'once');
    expect(asked).toEqual(['hello', 'hello', 'once']);
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 3, entries: 1, stored: 1 });
    expect(tts.cached({ text: 'hello', language: 'en' })).toBe(true);
    expect(tts.cached({ text: 'once', language: 'en' })).toBe(false);
  });

  it('serves a prepared phrase at its first request', async () => {
    const { tts, asked, cache } = withCache(cacheOn(undefined));
    expect(await tts.prepare({ text: 'hello', language: 'en' }, never)).toBe(true);
    expect(await tts.prepare({ text: 'hello', language: 'en' }, never)).toBe(false);
    expect(soundOf(await hear(tts, 'hello')).pieces).toEqual(Array(SAMPLES).fill(5));
    expect(asked).toEqual(['hello']);
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 0 });
  });

  it('distinguishes phrases by text, voice, language, engine and engine settings', async () => {
    const cache = cacheOn(undefined);
    const { tts } = withCache(cache);
    await tts.prepare({ text: 'hello', language: 'en' }, never);
    expect(tts.cached({ text: 'hello ', language: 'en' })).toBe(false);
    expect(tts.cached({ text: 'hello', language: 'en', voice: 'x' })).toBe(false);
    expect(tts.cached({ text: 'hello', language: 'de' })).toBe(false);
    expect(withCache(cache, { identity: 'faster' }).tts.cached({ text: 'hello', language: 'en' })).toBe(
      false,
    );
    const other = cachedTts({ ...counting().engine, name: 'other' }, cache);
    expect(other.cached({ text: 'hello', language: 'en' })).toBe(false);
    expect(withCache(cache).tts.cached({ text: 'hello', language: 'en' })).toBe(true);
  });

  it('caches nothing that failed, was abandoned, aborted or is too long', async () => {
    const { tts, cache } = withCache(cacheOn(undefined), { maxPhraseMs: 100 });
    const prepare = (text: string, signal = never) => tts.prepare({ text, language: 'en' }, signal);
    await expect(prepare('broken off')).rejects.toMatchObject({ code: 'TTS_FAILED' });
    await prepare('125 ms');
    await hear(tts, 'left');
    for await (const _event of tts.synthesize({ text: 'left', language: 'en' }, never)) break;
    await expect(prepare('aborted', AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0, stored: 0 });
  });

  it('ends a cached phrase with CANCELLED when it is aborted', async () => {
    const { tts } = withCache(cacheOn(undefined));
    await tts.prepare({ text: 'hello', language: 'en' }, never);
    const controller = new AbortController();
    const events = tts
      .synthesize({ text: 'hello', language: 'en' }, controller.signal)
      [Symbol.asyncIterator]();
    await events.next();
    await events.next();
    controller.abort();
    await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('drops the least recently used phrase, in memory and on disk', async () => {
    // Room for two phrases.
    const cache = cacheOn(dir, { maxBytes: 2 * (2 * SAMPLES + 64) });
    const { tts } = withCache(cache);
    const prepare = (text: string) => tts.prepare({ text, language: 'en' }, never);
    await prepare('one');
    await prepare('two');
    await hear(tts, 'one');
    await prepare('three');
    const has = (text: string) => tts.cached({ text, language: 'en' });
    expect(['one', 'two', 'three'].map(has)).toEqual([true, false, true]);
    expect(cache.stats()).toMatchObject({ evicted: 1, entries: 2, bytes: 2 * (2 * SAMPLES + 64) });
    await cache.close();
    expect(await readdir(dir)).toHaveLength(2);
  });
});

describe('phrases on disk', () => {
  const stored = async (...texts: string[]) => {
    const cache = cacheOn(dir);
    const { engine } = counting();
    const tts = cachedTts(engine, cache);
    for (const text of texts) await tts.prepare({ text, language: 'en' }, never);
    await cache.close();
  };
  const reopened = async (options: PhraseCacheOptions = {}) => {
    const cache = cacheOn(dir, options);
    await cache.load();
    const { engine, asked } = counting();
    return { cache, asked, tts: cachedTts(engine, cache) };
  };

  it('outlive the process, including marks', async () => {
    await stored('hello');
    const { tts, asked } = await reopened();
    const heard = soundOf(await hear(tts, 'hello'));
    expect(heard.pieces).toEqual(Array(SAMPLES).fill(5));
    expect(heard.marks).toEqual([{ type: 'word', sample: 0, offset: 0, length: 5 }]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 7)],
    [
      'altered by one bit',
      (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === 500 ? byte ^ 1 : byte))),
    ],
    ['empty', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('{"not":"a phrase"}')],
    ['an absurd length', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 48), Buffer.alloc(4, 0xff)])],
  ])('are made anew where a file is damaged: %s', async (_what, damage) => {
    await stored('hello', 'good bye');
    const [name = ''] = await readdir(dir);
    const path = join(dir, name);
    await writeFile(path, damage(await readFile(path)));
    const { tts, cache, asked } = await reopened();
    expect(cache.stats()).toMatchObject({ damaged: 1, entries: 1 });
    for (const text of ['hello', 'good bye']) await tts.prepare({ text, language: 'en' }, never);
    expect(asked).toHaveLength(1);
    await cache.close();
    expect(await readdir(dir)).toHaveLength(2);
    expect((await reopened()).cache.stats()).toMatchObject({ damaged: 0, entries: 2 });
  });

  it('are dropped beyond the limit, the oldest first, like files left behind by a crash', async () => {
    await stored('old', 'new');
    for (const name of await readdir(dir)) {
      const isOld = (await readFile(join(dir, name))).toString('latin1').includes('old');
      await utimes(join(dir, name), isOld ? 1_000 : 2_000, isOld ? 1_000 : 2_000);
    }
    await writeFile(join(dir, 'half.phrase-draft'), 'half');
    await utimes(join(dir, 'half.phrase-draft'), 1_000, 1_000);
    const { tts } = await reopened({ maxBytes: 2 * SAMPLES + 64 });
    expect(tts.cached({ text: 'new', language: 'en' })).toBe(true);
    expect(tts.cached({ text: 'old', language: 'en' })).toBe(false);
    expect(await readdir(dir)).toHaveLength(1);
  });

  it('are not kept when the disk refuses them, with one warning', async () => {
    // A file where the folder should be: nothing can be written, as on a full disk.
    const path = join(dir, 'phrases');
    await writeFile(path, '');
    const problems: string[] = [];
    const cache = cacheOn(path, { onProblem: ({ code }) => problems.push(code) });
    await cache.load();
    const tts = cachedTts(counting().engine, cache);
    for (const text of ['one', 'two', 'three']) await tts.prepare({ text, language: 'en' }, never);
    await cache.close();
    expect(problems).toEqual(['STORE_FAILED']);
    expect(cache.stats()).toMatchObject({ entries: 3, writeFailures: 3 });
    // When the disk works again, phrases are kept again, and the next failure is reported again.
    await rm(path);
    await tts.prepare({ text: 'four', language: 'en' }, never);
    await cache.close();
    expect(await readdir(path)).toHaveLength(1);
    await rm(path, { recursive: true });
    await writeFile(path, '');
    await tts.prepare({ text: 'five', language: 'en' }, never);
    await cache.close();
    expect(problems).toHaveLength(2);
  });

  it('are only those of the configuration: replies stay in memory', async () => {
    const cache = cacheOn(dir);
    const { engine, asked } = counting();
    const tts = cachedTts(engine, cache, { isFixed: (text) => text === 'Hello, I am Robo.' });
    for (const text of ['Your diagnosis is measles.', 'Hello, I am Robo.'])
      for (let i = 0; i < 3; i++) await hear(tts, text);
    expect(asked).toHaveLength(4);
    expect(cache.stats()).toMatchObject({ entries: 2, hits: 2 });
    await cache.close();
    const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'latin1')));
    expect(files).toHaveLength(1);
    expect(files.join()).toContain('Robo');
    expect(files.join()).not.toContain('diagnosis');
  });

  it('of an older version, which may contain replies, are deleted at the start', async () => {
    await stored('hello');
    const [name = ''] = await readdir(dir);
    const bytes = await readFile(join(dir, name));
    await writeFile(
      join(dir, name),
      Buffer.from(bytes.toString('latin1').replace('parley phrase 2', 'parley phrase 1'), 'latin1'),
    );
    expect((await reopened()).cache.stats()).toMatchObject({ entries: 0 });
    expect(await readdir(dir)).toEqual([]);
  });

  it('are readable by their owner only, even if they were written with other permissions', async () => {
    const folder = join(dir, 'phrases');
    const modes = async () => {
      const names = (await readdir(folder)).map((name) => join(folder, name));
      const stats = await Promise.all([folder, ...names].map((path) => stat(path)));
      return stats.map(({ mode }) => (mode & 0o777).toString(8));
    };
    const cache = cacheOn(folder);
    await cachedTts(counting().engine, cache).prepare({ text: 'hello', language: 'en' }, never);
    await cache.close();
    expect(await modes()).toEqual(['700', '600']);
    const [name = ''] = await readdir(folder);
    await chmod(join(folder, name), 0o644);
    await chmod(folder, 0o755);
    await cacheOn(folder).load();
    expect(await modes()).toEqual(['700', '600']);
  });

  it('do not affect other files of the folder', async () => {
    await mkdir(join(dir, 'folder.phrase'));
    await writeFile(join(dir, 'notes.txt'), 'mine');
    const { cache } = await reopened();
    expect(cache.stats()).toMatchObject({ entries: 0, damaged: 0 });
    expect((await readdir(dir)).sort()).toEqual(['folder.phrase', 'notes.txt']);
  });
});

describe('eSpeak with a phrase cache', () => {
  const espeak = espeakTts();
  beforeAll(() => espeak.warm?.());
  afterAll(() => espeak.close());

  it('yields the same from the cache, including words and mouth shapes', async () => {
    const cache = cacheOn(dir);
    const tts = cachedTts(espeak, cache);
    const text = 'Sorry, I did not get that.';
    await hear(tts, text);
    const live = soundOf(await hear(tts, text));
    expect(cache.stats().stored).toBe(1);
    const kept = soundOf(await hear(tts, text));
    expect(cache.stats().hits).toBe(1);
    expect(kept.pieces).toEqual(live.pieces);
    expect(kept.marks.some(({ type }) => type === 'word')).toBe(true);
    const bySample = (marks: TtsEvent[]) => marks.map((mark) => JSON.stringify(mark)).sort();
    expect(bySample(kept.marks)).toEqual(bySample(live.marks));
  });
});

describe('phrases that servers share', () => {
  const request = { text: 'hello', language: 'en' };
  const sharing = () => {
    const kept = new Map<string, Uint8Array>();
    const files: SharedFiles = {
      has: async (name) => kept.has(name),
      get: async (name) => kept.get(name),
      put: async (name, bytes) => void kept.set(name, bytes),
    };
    return { kept, files };
  };
  const server = (shared: SharedFiles) => {
    const { engine, asked } = counting();
    const cache = cacheOn(undefined, { shared });
    return { tts: cachedTts(engine, cache, { isFixed: (text) => text === 'hello' }), asked, cache };
  };

  it('are synthesised by one of them only, and sound the same', async () => {
    const { kept, files } = sharing();
    const [one, two] = [server(files), server(files)];
    expect(await one.tts.prepare(request, never)).toBe(true);
    await expect.poll(() => kept.size).toBe(1);
    expect(await two.tts.prepare(request, never)).toBe(false);
    expect(two.asked).toEqual([]);
    expect(soundOf(await hear(two.tts, 'hello'))).toEqual(soundOf(await hear(one.tts, 'hello')));
    expect(two.cache.stats()).toMatchObject({ taken: 1, stored: 0 });
  });

  it('are given to the others when they were here before', async () => {
    const { kept, files } = sharing();
    const cache = cacheOn(dir);
    await cachedTts(counting().engine, cache).prepare(request, never);
    await cache.close();
    const later = cacheOn(dir, { shared: files });
    await later.load();
    expect(await cachedTts(counting().engine, later).prepare(request, never)).toBe(false);
    expect(kept.size).toBe(1);
  });

  it('are not waited for by speech, and are not replies to users', async () => {
    const { kept, files } = sharing();
    const hanging: SharedFiles = { ...files, get: () => new Promise(() => {}) };
    const { tts, asked } = server(hanging);
    await hear(tts, 'hello');
    await hear(tts, 'a reply');
    await hear(tts, 'a reply');
    expect(asked).toEqual(['hello', 'a reply', 'a reply']);
    expect(kept.size).toBe(0);
  });

  it('are not waited for by a server that stops, if a broker does not answer', async () => {
    const hanging: SharedFiles = { ...sharing().files, get: () => new Promise(() => {}) };
    const stopped = new AbortController();
    const preparing = server(hanging).tts.prepare(request, stopped.signal);
    stopped.abort();
    await expect(preparing).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('are synthesised here if the others cannot be reached, or have something else', async () => {
    const failing: SharedFiles = {
      has: async () => false,
      get: async () => Promise.reject(new Error('no broker')),
      put: async () => Promise.reject(new Error('no broker')),
    };
    expect(await server(failing).tts.prepare(request, never)).toBe(true);
    const { kept, files } = sharing();
    await server(files).tts.prepare({ ...request, text: 'other' }, never);
    await expect.poll(() => kept.size).toBe(1);
    const wrong: SharedFiles = { ...files, get: async () => [...kept.values()][0] };
    const { tts, asked } = server(wrong);
    expect(await tts.prepare(request, never)).toBe(true);
    expect(asked).toEqual(['hello']);
  });
});
