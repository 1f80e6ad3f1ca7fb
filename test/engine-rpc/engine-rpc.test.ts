import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  cancelPayload,
  hostLlm,
  hostStt,
  hostTts,
  remoteLlm,
  remoteStt,
  remoteTts,
  type WorkOptions,
} from '../../actors/engine-rpc/mod.ts';
import type { BusMessage } from '../../actors/ports/bus.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import { subjects } from '../../actors/subjects.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import {
  aborted,
  ask,
  deferred,
  delta,
  type Ends,
  hangingLlm,
  inProcessEnds,
  llm,
  natsEnds,
  never,
  readAll,
  stt,
  tts,
} from './harness.ts';

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

describe.each([
  { over: 'the in-process bus', makeEnds: inProcessEnds },
  { over: 'NATS', makeEnds: () => natsEnds(server.url) },
])('engines over $over', ({ makeEnds }) => {
  let ends: Ends;
  let unique = 0;
  let name = '';
  let session = '';
  const scope = (generation = 1) => ({ session, generation });
  const remote = (generation = 1) => remoteLlm(ends.client, ends.clock, name, scope(generation));

  const asked = () => readAll(remote().reply(ask, never));
  const serve = async (engine: LlmEngine, options?: Partial<WorkOptions>) => {
    const host = hostLlm(ends.worker, ends.clock, engine, options);
    await ends.settle();
    return host;
  };
  /** Serves a language engine that replies like this. */
  const answer = (reply: LlmEngine['reply']) => serve(llm(name, reply));
  /** Serves a recogniser that transcribes like this. */
  const recognise = async (transcribe: Parameters<typeof stt>[1], options?: Partial<WorkOptions>) => {
    hostStt(ends.worker, ends.clock, stt(name, transcribe), options);
    await ends.settle();
  };

  beforeEach(async () => {
    unique++;
    name = `engine-${unique}`;
    session = `session-${unique}`;
    ends = await makeEnds();
  });
  afterEach(() => ends.close());

  it('carries a reply with its request, events in order', async () => {
    const requests: unknown[] = [];
    await answer(async function* (request) {
      requests.push(request);
      for (let i = 0; i < 500; i++) yield delta(`word ${i} – ü`);
      yield {
        type: 'action',
        id: 'a1',
        name: 'wave',
        args: { arm: 'left', angles: [1, 2.5], nested: { on: true } },
      };
    });
    const { events, error } = await asked();
    expect(error).toBeUndefined();
    expect(requests).toEqual([ask]);
    expect(events.slice(0, -1)).toEqual(Array.from({ length: 500 }, (_, i) => delta(`word ${i} – ü`)));
    expect(events.at(-1)).toEqual({
      type: 'action',
      id: 'a1',
      name: 'wave',
      args: { arm: 'left', angles: [1, 2.5], nested: { on: true } },
    });
  });

  it('carries an utterance to the recogniser without losing a sample, and its text back', async () => {
    const spoken = Int16Array.from({ length: 70_001 }, (_, i) => (i * 37) % 65_536);
    await recognise(async function* (audio, language) {
      let heard = 0;
      let wrong = 0;
      for await (const { samples } of audio) {
        for (const sample of samples) if (sample !== spoken[heard++]) wrong++;
        yield { type: 'partial', text: String(heard) };
      }
      yield {
        type: 'final',
        text: `${heard} heard, ${wrong} wrong, ${language}`,
        confidence: 0.5,
        language,
      };
    });
    async function* utterance(): AsyncGenerator<Pcm<PipelineRate>> {
      yield { rate: 16_000, samples: spoken.subarray(0, 1) };
      yield { rate: 16_000, samples: spoken.subarray(1, 321) };
      yield { rate: 16_000, samples: new Int16Array(0) };
      yield { rate: 16_000, samples: spoken.subarray(321) };
    }
    const engine = remoteStt(ends.client, ends.clock, name, scope());
    const { events, error } = await readAll(engine.transcribe(utterance(), { language: 'zh-CN' }, never));
    expect(error).toBeUndefined();
    expect(events.at(-1)).toEqual({
      type: 'final',
      text: '70001 heard, 0 wrong, zh-CN',
      confidence: 0.5,
      language: 'zh-CN',
    });
    expect(events.length).toBeGreaterThan(3);
  });

  it('carries speech with its marks in order, long audio in pieces', async () => {
    const samples = Int16Array.from({ length: 50_000 }, (_, i) => i - 25_000);
    hostTts(
      ends.worker,
      ends.clock,
      tts(name, async function* (request) {
        yield { type: 'word', sample: 0, offset: 0, length: request.text.length };
        yield { type: 'phoneme', sample: 10, phoneme: 'ə', viseme: 1 };
        // The engine reuses its buffer after the event.
        const own = samples.slice();
        yield { type: 'audio', pcm: { rate: 22_050, samples: own } };
        own.fill(0);
        yield { type: 'phoneme', sample: 50_000, phoneme: request.voice ?? '', viseme: 21 };
      }),
    );
    await ends.settle();
    const engine = remoteTts(ends.client, ends.clock, name, scope());
    const { events, error } = await readAll(
      engine.synthesize({ text: 'hello', language: 'en', voice: 'v' }, never),
    );
    expect(error).toBeUndefined();
    const audio = events.filter((event) => event.type === 'audio');
    expect(audio.length).toBe(4);
    expect(audio.every(({ pcm }) => pcm.rate === 22_050)).toBe(true);
    expect(audio.flatMap(({ pcm }) => [...pcm.samples])).toEqual([...samples]);
    expect(events.map((event) => event.type)).toEqual([
      'word',
      'phoneme',
      'audio',
      'audio',
      'audio',
      'audio',
      'phoneme',
    ]);
    expect(events.at(-1)).toEqual({ type: 'phoneme', sample: 50_000, phoneme: 'v', viseme: 21 });
  });

  it('ends with CANCELLED at once when aborted in mid-stream, and stops the engine', async () => {
    const { engine, stopped } = hangingLlm(name);
    const host = await serve(engine);
    const abort = new AbortController();
    const events = remote().reply(ask, abort.signal)[Symbol.asyncIterator]();
    expect(await events.next()).toEqual({ done: false, value: delta('one') });
    const next = expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    abort.abort();
    await next;
    await stopped;
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(host.active()).toBe(0);
  });

  it('drops unread events when aborted, even if the reply has ended', async () => {
    await answer(async function* () {
      for (const word of ['one', 'two', 'three']) yield delta(word);
    });
    const abort = new AbortController();
    const events = remote().reply(ask, abort.signal)[Symbol.asyncIterator]();
    await events.next();
    await ends.settle();
    abort.abort();
    await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('sends no request when aborted before it starts', async () => {
    const { engine, calls } = hangingLlm(name);
    await serve(engine);
    const { error } = await readAll(remote().reply(ask, AbortSignal.abort()));
    expect(error).toMatchObject({ code: 'CANCELLED' });
    await ends.settle();
    expect(calls()).toBe(0);
  });

  it('stops the engine when the reader leaves', async () => {
    const { engine, stopped } = hangingLlm(name);
    const host = await serve(engine);
    for await (const event of remote().reply(ask, never)) {
      expect(event).toEqual(delta('one'));
      break;
    }
    await stopped;
    expect(host.active()).toBe(0);
  });

  it('does not wait for an engine that ignores its signal', async () => {
    const release = deferred();
    const host = await answer(async function* () {
      yield delta('one');
      await release.promise;
      yield delta('too late');
    });
    const abort = new AbortController();
    const events = remote().reply(ask, abort.signal)[Symbol.asyncIterator]();
    await events.next();
    abort.abort();
    await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    await ends.settle();
    expect(host.active()).toBe(0);
    release.resolve();
    await ends.settle();
  });

  it('cancels all of a session up to a generation by subject, and nothing else', async () => {
    const stoppedScopes: string[] = [];
    await answer(async function* (request, signal) {
      yield delta('one');
      await aborted(signal).finally(() => stoppedScopes.push(request.language));
    });
    const start = async (inSession: string, generation: number) => {
      const engine = remoteLlm(ends.client, ends.clock, name, { session: inSession, generation });
      const abort = new AbortController();
      const events = engine
        .reply({ ...ask, language: `${generation}` }, abort.signal)
        [Symbol.asyncIterator]();
      await events.next();
      return { events, abort };
    };
    const [first, second, third, other] = [
      await start(session, 1),
      await start(session, 2),
      await start(session, 3),
      await start(`${session}-other`, 1),
    ];
    const ended = [first, second].map(({ events }) =>
      expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' }),
    );
    ends.client.publish(subjects.cancel(session), new TextEncoder().encode('{"generation":"all"}'));
    ends.client.publish(subjects.cancel(session), cancelPayload(2));
    await Promise.all(ended);
    await ends.settle();
    expect(stoppedScopes.sort()).toEqual(['1', '2']);
    for (const { abort, events } of [third, other]) {
      abort.abort();
      await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    }
  });

  it('passes on the code and message of an engine error, after earlier events', async () => {
    await answer(async function* () {
      yield delta('so far');
      throw new ParleyError('ENGINE_REQUEST', 'no such model');
    });
    const { events, error } = await asked();
    expect(events).toEqual([delta('so far')]);
    expect(error).toBeInstanceOf(ParleyError);
    expect(error).toMatchObject({
      code: 'ENGINE_REQUEST',
      message: new ParleyError('ENGINE_REQUEST', 'no such model').message,
    });
  });

  it.each([
    ['an error of its own', new TypeError('boom')],
    ['something that is no error', 'boom'],
  ])('turns what an engine throws into its kind of failure: %s', async (_what, thrown) => {
    await answer(async function* () {
      yield delta('one');
      throw thrown;
    });
    const { error } = await asked();
    expect(error).toMatchObject({ code: 'LLM_FAILED', message: expect.stringContaining('boom') });
  });

  it('survives an engine that throws before its first event', async () => {
    await answer(() => {
      throw new ParleyError('ENGINE_UNREACHABLE');
    });
    for (let i = 0; i < 2; i++) {
      expect((await asked()).error).toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    }
  });

  it('fails at once if no worker serves an engine', async () => {
    const { error } = await asked();
    expect(error).toMatchObject({ code: 'ENGINE_NO_WORKER' });
  });

  it('gives up on a worker that does not accept', async () => {
    ends.worker.subscribe(subjects.work('llm', name), () => {});
    await ends.settle();
    const engine = remoteLlm(ends.client, ends.clock, name, scope(), { acceptMs: 30 });
    const outcome = readAll(engine.reply(ask, never));
    await ends.pass(30);
    expect((await outcome).error).toMatchObject({
      code: 'ENGINE_LOST',
      message: expect.stringContaining('not accepted within 30 ms'),
    });
  });

  it('gives up on a worker that becomes silent, after its events', async () => {
    ends.worker.subscribe(subjects.work('llm', name), ({ reply = '' }) => {
      ends.worker.publish(reply, new Uint8Array(0), {
        headers: { type: 'accepted', uplink: '_INBOX.nowhere' },
      });
      ends.worker.publish(reply, new TextEncoder().encode('{"type":"delta","text":"one"}'), {
        headers: { type: 'data', seq: '0' },
      });
    });
    await ends.settle();
    const engine = remoteLlm(ends.client, ends.clock, name, scope(), { lostMs: 30 });
    const outcome = readAll(engine.reply(ask, never));
    await ends.pass(30);
    const { events, error } = await outcome;
    expect(events).toEqual([delta('one')]);
    expect(error).toMatchObject({
      code: 'ENGINE_LOST',
      message: expect.stringContaining('silent for 30 ms'),
    });
  });

  it('waits for a slow engine while its worker sends heartbeats', async () => {
    const release = deferred();
    hostLlm(
      ends.worker,
      ends.clock,
      llm(name, async function* () {
        await release.promise;
        yield delta('at last');
      }),
      { beatMs: 10 },
    );
    const beats = deferred();
    let count = 0;
    ends.client.subscribe('_INBOX.>', ({ headers }) => {
      if (headers.type === 'beat' && ++count === 10) beats.resolve();
    });
    await ends.settle();
    const outcome = asked();
    await ends.pass(10_000);
    await beats.promise;
    release.resolve();
    expect(await outcome).toEqual({ events: [delta('at last')] });
  });

  it('keeps the engine working for a client that only waits', async () => {
    const alive = deferred();
    let signs = 0;
    const release = deferred();
    hostLlm(
      ends.worker,
      ends.clock,
      llm(name, async function* () {
        await release.promise;
        yield delta('at last');
      }),
    );
    ends.worker.subscribe('_INBOX.>', ({ headers }) => {
      if (headers.type === 'alive' && ++signs === 10) alive.resolve();
    });
    await ends.settle();
    const engine = remoteLlm(ends.client, ends.clock, name, scope(), { aliveMs: 10 });
    const outcome = readAll(engine.reply(ask, never));
    await ends.pass(10_000);
    await alive.promise;
    release.resolve();
    expect(await outcome).toEqual({ events: [delta('at last')] });
  });

  it('stops the engine for a client that vanished', async () => {
    const { engine, stopped } = hangingLlm(name);
    const host = hostLlm(ends.worker, ends.clock, engine, { clientLostMs: 30 });
    const error = deferred<BusMessage>();
    const inbox = ends.client.inbox();
    ends.client.subscribe(inbox, (message) => {
      if (message.headers.type === 'error') error.resolve(message);
    });
    await ends.settle();
    ends.client.publish(subjects.work('llm', name), new TextEncoder().encode(JSON.stringify(ask)), {
      reply: inbox,
      headers: { session, generation: '1', request: '0' },
    });
    await ends.pass(30);
    await stopped;
    expect(JSON.parse(new TextDecoder().decode((await error.promise).payload))).toMatchObject({
      code: 'ENGINE_LOST',
      message: expect.stringContaining('silent for 30 ms'),
    });
    expect(host.active()).toBe(0);
  });

  it('stops a worker that accepts after the client has given up', async () => {
    const { engine, stopped } = hangingLlm(name);
    const request = deferred<BusMessage>();
    const held = ends.worker2.subscribe(subjects.work('llm', name), (message) => request.resolve(message));
    await ends.settle();
    const late = remoteLlm(ends.client, ends.clock, name, scope(), { acceptMs: 20 });
    const outcome = readAll(late.reply(ask, never));
    const { payload, headers, reply = '' } = await request.promise;
    await ends.pass(20);
    expect((await outcome).error).toMatchObject({ code: 'ENGINE_LOST' });
    held.unsubscribe();
    await serve(engine);
    ends.worker2.publish(subjects.work('llm', name), payload, { headers, reply });
    await stopped;
  });

  it('keeps everything for a slow reader, in order', async () => {
    const words = Array.from({ length: 2_000 }, (_, i) => String(i));
    const { engine } = hangingLlm(name, words);
    await serve(engine);
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const event of remote().reply(ask, abort.signal)) {
      if (seen.length % 100 === 0) await ends.settle();
      if (event.type === 'delta') seen.push(event.text);
      if (seen.length === words.length) break;
    }
    expect(seen).toEqual(words);
  });

  it('ends a reply whose unread events exceed the limit, and stops the engine', async () => {
    const { engine, stopped } = hangingLlm(name, Array<string>(100).fill('x'.repeat(1_000)));
    await serve(engine);
    const slow = remoteLlm(ends.client, ends.clock, name, scope(), { maxQueuedBytes: 20_000 });
    const events = slow.reply(ask, never)[Symbol.asyncIterator]();
    await events.next();
    await stopped;
    const { events: rest, error } = await readAll({ [Symbol.asyncIterator]: () => events });
    expect(rest.length).toBeLessThan(20);
    expect(error).toMatchObject({ code: 'ENGINE_OVERLOADED' });
  });

  it('refuses more audio than the recogniser accepts', async () => {
    const stopped = deferred();
    await recognise(
      async function* (_audio, _language, signal) {
        yield { type: 'partial', text: 'slow' };
        await aborted(signal).finally(stopped.resolve);
      },
      { maxQueuedBytes: 5_000 },
    );
    const returned = deferred();
    async function* flood(): AsyncGenerator<Pcm<PipelineRate>> {
      try {
        for (let i = 0; i < 1_000; i++) yield { rate: 16_000, samples: new Int16Array(320) };
        await new Promise(() => {});
      } finally {
        returned.resolve();
      }
    }
    const engine = remoteStt(ends.client, ends.clock, name, scope());
    const { error } = await readAll(engine.transcribe(flood(), { language: 'en' }, never));
    expect(error).toMatchObject({ code: 'ENGINE_OVERLOADED' });
    await stopped.promise;
  });

  it('ends a recognition whose audio fails, and stops the recogniser', async () => {
    const stopped = deferred();
    await recognise(async function* (audio) {
      try {
        for await (const _ of audio) yield { type: 'partial', text: 'x' };
      } finally {
        stopped.resolve();
      }
    });
    async function* broken(): AsyncGenerator<Pcm<PipelineRate>> {
      yield { rate: 16_000, samples: new Int16Array(320) };
      throw new Error('the microphone is gone');
    }
    const engine = remoteStt(ends.client, ends.clock, name, scope());
    const { error } = await readAll(engine.transcribe(broken(), { language: 'en' }, never));
    expect(error).toMatchObject({
      code: 'STT_FAILED',
      cause: expect.objectContaining({ message: 'the microphone is gone' }),
    });
    await stopped.promise;
  });

  it('closes its audio when the recogniser ends first', async () => {
    await recognise(async function* () {
      yield { type: 'final', text: 'enough' };
    });
    const returned = deferred();
    const silent: AsyncIterable<Pcm<PipelineRate>> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          returned.resolve();
          return { done: true, value: undefined };
        },
      }),
    };
    const engine = remoteStt(ends.client, ends.clock, name, scope());
    const { events } = await readAll(engine.transcribe(silent, { language: 'en' }, never));
    expect(events).toEqual([{ type: 'final', text: 'enough' }]);
    await returned.promise;
  });

  it('distributes requests over workers, and continues with one when the other has left', async () => {
    const serve = (word: string) =>
      llm(name, async function* () {
        yield delta(word);
      });
    const first = hostLlm(ends.worker, ends.clock, serve('first'));
    hostLlm(ends.worker2, ends.clock, serve('second'));
    await ends.settle();
    const answers = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const { events } = await asked();
      answers.add(JSON.stringify(events));
    }
    expect([...answers].sort()).toEqual(['first', 'second'].map((word) => JSON.stringify([delta(word)])));
    await first.close();
    await ends.settle();
    for (let i = 0; i < 20; i++) {
      expect(await asked()).toEqual({ events: [delta('second')] });
    }
  });

  it('lets running requests finish when it closes, and refuses new ones', async () => {
    const release = deferred();
    const host = await answer(async function* () {
      yield delta('one');
      await release.promise;
      yield delta('two');
    });
    const events = remote().reply(ask, never)[Symbol.asyncIterator]();
    await events.next();
    const closed = host.close();
    await ends.settle();
    expect((await asked()).error).toMatchObject({ code: 'ENGINE_NO_WORKER' });
    expect(host.active()).toBe(1);
    release.resolve();
    expect(await events.next()).toEqual({ done: false, value: delta('two') });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await Promise.all([closed, host.close()]);
    expect(host.active()).toBe(0);
  });

  it('ends running requests after the grace period', async () => {
    const { engine, stopped } = hangingLlm(name);
    const host = await serve(engine, { graceMs: 20 });
    const events = remote().reply(ask, never)[Symbol.asyncIterator]();
    await events.next();
    const next = expect(events.next()).rejects.toMatchObject({ code: 'ENGINE_LOST' });
    const closed = host.close();
    await ends.pass(20);
    await Promise.all([next, closed, stopped]);
    expect(host.active()).toBe(0);
  });

  it('refuses requests beyond its limit', async () => {
    const { engine, started } = hangingLlm(name);
    await serve(engine, { maxActive: 1 });
    const abort = new AbortController();
    const first = readAll(remote().reply(ask, abort.signal));
    await started;
    expect((await asked()).error).toMatchObject({ code: 'ENGINE_OVERLOADED' });
    abort.abort();
    await first;
  });

  it('keeps 50 replies at once apart', async () => {
    await answer(async function* (request) {
      for (let i = 0; i < 20; i++) {
        yield delta(`${request.seed}.${i}`);
        await ends.settle();
      }
    });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, seed) =>
        readAll(remote().reply({ ...ask, seed }, new AbortController().signal)),
      ),
    );
    expect(outcomes).toEqual(
      Array.from({ length: 50 }, (_, seed) => ({
        events: Array.from({ length: 20 }, (_, i) => delta(`${seed}.${i}`)),
      })),
    );
  });
});
