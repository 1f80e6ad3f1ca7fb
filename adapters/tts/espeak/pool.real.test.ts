import { Worker, type WorkerOptions } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../machines/clock.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { type EspeakTtsOptions, espeakTts } from './espeak.ts';

/** A thread with the real protocol that misbehaves on certain texts. */
const SCRIPTED = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ id, text }) => {
    if (text === 'hang') for (;;);
    if (text === 'die') process.exit(3);
    if (text === 'throw') throw new Error('out of memory');
    if (text === 'garbage') return parentPort.postMessage({ type: 'chunk', id, samples: 'not audio' });
    if (text === 'silence') return;
    parentPort.postMessage({ type: 'chunk', id, marks: [], samples: new Int16Array(text.length) });
    parentPort.postMessage({ type: 'done', id });
  });
  parentPort.postMessage({ type: 'ready' });`;

function scripted(options: EspeakTtsOptions = {}, code: (start: number) => string = () => SCRIPTED) {
  const clock = new VirtualClock();
  const started: Worker[] = [];
  const startThread = (workerOptions: WorkerOptions) => {
    const thread = new Worker(code(started.length), { ...workerOptions, eval: true });
    started.push(thread);
    return thread;
  };
  const crashes: string[] = [];
  const onCrash = ({ code }: { code: string }) => crashes.push(code);
  const engine = espeakTts({ clock, startThread, onCrash, ...options });
  afterTest(() => engine.close());
  const say = async (text: string, signal = new AbortController().signal) => {
    let samples = 0;
    for await (const event of engine.synthesize({ text, language: 'en' }, signal)) {
      if (event.type === 'audio') samples += event.pcm.samples.length;
    }
    return samples;
  };
  return { clock, engine, say, started, crashes };
}

describe('EspeakPool', () => {
  it.each([
    ['ends', 'die', 'code 3'],
    ['throws', 'throw', 'out of memory'],
    ['sends garbage', 'garbage', 'marks'],
  ])(
    'fails one request after a second try and starts again when the thread %s',
    async (_what, text, reason) => {
      const { say, started, crashes } = scripted();

      const crashed = say(text);
      const next = say('hello');

      await expect(crashed).rejects.toMatchObject({
        code: 'ENGINE_CRASHED',
        message: expect.stringContaining(reason),
      });
      expect(await next).toBe(5);
      expect(started).toHaveLength(3);
      expect(crashes).toEqual(['ENGINE_CRASHED', 'ENGINE_CRASHED']);
    },
  );

  it('retries a request when its thread dies, unless part of its result has been passed on', async () => {
    const dies = (what: string) => `
      const { parentPort } = require('node:worker_threads');
      parentPort.on('message', ({ id, text }) => { ${what} process.exit(3); });
      parentPort.postMessage({ type: 'ready' });`;
    const chunk = "parentPort.postMessage({ type: 'chunk', id, marks: [], samples: new Int16Array(3) });";
    const silent = scripted({}, (start) => (start === 0 ? dies('') : SCRIPTED));
    expect(await silent.say('hello')).toBe(5);
    const dying = scripted({}, (start) => (start === 0 ? dies(chunk) : SCRIPTED));
    await expect(dying.say('hello')).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(await dying.say('hello')).toBe(5);
  });

  it('fails at once while the thread cannot be started, and restarts it with growing pauses', async () => {
    const { clock, say, started } = scripted({}, (start) => (start < 4 ? 'process.exit(1)' : SCRIPTED));

    await expect(say('one')).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(started).toHaveLength(3);
    await expect(say('two')).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    await clock.advance(249);
    expect(started).toHaveLength(3);
    await clock.advance(1);
    expect(started).toHaveLength(4);
    await expect(say('three')).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    await clock.advance(499);
    expect(started).toHaveLength(4);
    await clock.advance(1);

    expect(await say('hello')).toBe(5);
    expect(started).toHaveLength(5);
  });

  it('terminates a thread that does not stop after an abort', async () => {
    const { clock, say, engine, started } = scripted();
    await engine.warm?.();
    const abort = new AbortController();
    const hanging = say('hang', abort.signal);
    const next = say('hello');

    abort.abort();
    await expect(hanging).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(5_000);

    expect(await next).toBe(5);
    expect(started).toHaveLength(2);
  });

  it('refuses requests beyond its limit, and accepts new ones when others have ended', async () => {
    const { say } = scripted({ maxRequests: 2 });
    const abort = new AbortController();
    const held = [say('silence', abort.signal), say('silence', abort.signal)];

    await expect(say('hello')).rejects.toMatchObject({ code: 'ENGINE_OVERLOADED' });
    abort.abort();
    await expect(Promise.allSettled(held)).resolves.toMatchObject([
      { reason: { code: 'CANCELLED' } },
      { reason: { code: 'CANCELLED' } },
    ]);
  });

  it('distributes the requests among its threads', async () => {
    const { say, engine, started } = scripted({ workers: 2 });
    await engine.warm?.();
    const abort = new AbortController();
    const held = say('silence', abort.signal);

    expect(await Promise.all([say('a'), say('bb'), say('ccc')])).toEqual([1, 2, 3]);
    expect(started).toHaveLength(2);
    abort.abort();
    await expect(held).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ends running, waiting and later requests with CANCELLED when it is closed', async () => {
    const { say, engine, started } = scripted();
    await engine.warm?.();
    const outcomes = Promise.allSettled([say('hang'), say('waiting')]);

    await engine.close();

    const cancelled = { status: 'rejected', reason: { code: 'CANCELLED' } };
    expect(await outcomes).toMatchObject([cancelled, cancelled]);
    await expect(say('late')).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(engine.warm?.()).rejects.toMatchObject({ code: 'CANCELLED' });
    await engine.close();
    expect(started).toHaveLength(1);
  });
});
