import { expect, it } from 'vitest';
import { cancelPayload, hostTts, remoteLlm, remoteTts } from '../../actors/engine-rpc/mod.ts';
import type { LlmEvent } from '../../actors/ports/llm.ts';
import { subjects } from '../../actors/subjects.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { aborted, ask, deferred, delta, hangingLlm, never, readAll, tts } from './harness.ts';
import { overEachBus } from './rig.ts';

overEachBus('what passes between a session and its engine', (rig) => {
  const { answer, asked, opened, recognise, remote, serve, transcribed } = rig;

  it('carries a reply with its request, events in order', async () => {
    const requests: unknown[] = [];
    const args = { arm: 'left', angles: [1, 2.5], nested: { on: true } };
    const wave: LlmEvent = { type: 'action', id: 'a1', name: 'wave', args };
    await answer(async function* (request) {
      requests.push(request);
      for (let i = 0; i < 500; i++) yield delta(`word ${i} – ü`);
      yield wave;
    });
    const { events, error } = await asked();
    expect(error).toBeUndefined();
    expect(requests).toEqual([ask]);
    expect(events.slice(0, -1)).toEqual(Array.from({ length: 500 }, (_, i) => delta(`word ${i} – ü`)));
    expect(events.at(-1)).toEqual(wave);
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
    const { events, error } = await transcribed(utterance(), 'zh-CN');
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
      rig.ends.worker,
      rig.ends.clock,
      tts(rig.name, async function* (request) {
        yield { type: 'word', sample: 0, offset: 0, length: request.text.length };
        yield { type: 'phoneme', sample: 10, phoneme: 'ə', viseme: 1 };
        // The engine reuses its buffer after the event.
        const own = samples.slice();
        yield { type: 'audio', pcm: { rate: 22_050, samples: own } };
        own.fill(0);
        yield { type: 'phoneme', sample: 50_000, phoneme: request.voice ?? '', viseme: 21 };
      }),
    );
    await rig.ends.settle();
    const engine = remoteTts(rig.ends.client, rig.ends.clock, rig.name, rig.scope);
    const { events, error } = await readAll(
      engine.synthesize({ text: 'hello', language: 'en', voice: 'v' }, never),
    );
    expect(error).toBeUndefined();
    const audio = events.filter((event) => event.type === 'audio');
    expect(audio.length).toBe(4);
    expect(audio.every(({ pcm }) => pcm.rate === 22_050)).toBe(true);
    expect(audio.flatMap(({ pcm }) => [...pcm.samples])).toEqual([...samples]);
    expect(events.map((event) => event.type)).toEqual(
      'word phoneme audio audio audio audio phoneme'.split(' '),
    );
    expect(events.at(-1)).toEqual({ type: 'phoneme', sample: 50_000, phoneme: 'v', viseme: 21 });
  });

  it('ends with CANCELLED at once when aborted in mid-stream, and stops the engine', async () => {
    const { engine, stopped } = hangingLlm(rig.name);
    const host = await serve(engine);
    const abort = new AbortController();
    const events = opened(abort.signal);
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
    const events = opened(abort.signal);
    await events.next();
    await rig.ends.settle();
    abort.abort();
    await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('sends no request when aborted before it starts', async () => {
    const { engine, calls } = hangingLlm(rig.name);
    await serve(engine);
    const { error } = await readAll(remote().reply(ask, AbortSignal.abort()));
    expect(error).toMatchObject({ code: 'CANCELLED' });
    await rig.ends.settle();
    expect(calls()).toBe(0);
  });

  it('stops the engine when the reader leaves', async () => {
    const { engine, stopped } = hangingLlm(rig.name);
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
    const events = opened(abort.signal);
    await events.next();
    abort.abort();
    await expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    await rig.ends.settle();
    expect(host.active()).toBe(0);
    release.resolve();
    await rig.ends.settle();
  });

  it('cancels all of a session up to a generation by subject, and nothing else', async () => {
    const stoppedScopes: string[] = [];
    await answer(async function* (request, signal) {
      yield delta('one');
      await aborted(signal).finally(() => stoppedScopes.push(request.language));
    });
    const start = async (inSession: string, generation: number) => {
      const engine = remoteLlm(rig.ends.client, rig.ends.clock, rig.name, { session: inSession, generation });
      const abort = new AbortController();
      const events = engine
        .reply({ ...ask, language: `${generation}` }, abort.signal)
        [Symbol.asyncIterator]();
      await events.next();
      return { events, abort };
    };
    const [first, second, third, other] = [
      await start(rig.session, 1),
      await start(rig.session, 2),
      await start(rig.session, 3),
      await start(`${rig.session}-other`, 1),
    ];
    const ended = [first, second].map(({ events }) =>
      expect(events.next()).rejects.toMatchObject({ code: 'CANCELLED' }),
    );
    rig.ends.client.publish(subjects.cancel(rig.session), new TextEncoder().encode('{"generation":"all"}'));
    rig.ends.client.publish(subjects.cancel(rig.session), cancelPayload(2));
    await Promise.all(ended);
    await rig.ends.settle();
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
    ['something that is not an error', 'boom'],
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

  it('keeps everything for a slow reader, in order', async () => {
    const words = Array.from({ length: 2_000 }, (_, i) => String(i));
    const { engine } = hangingLlm(rig.name, words);
    await serve(engine);
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const event of remote().reply(ask, abort.signal)) {
      if (seen.length % 100 === 0) await rig.ends.settle();
      if (event.type === 'delta') seen.push(event.text);
      if (seen.length === words.length) break;
    }
    expect(seen).toEqual(words);
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
    const { error } = await transcribed(broken());
    expect(error).toMatchObject({
      code: 'STT_FAILED',
      cause: expect.objectContaining({ message: 'the microphone is gone' }),
    });
    await stopped.promise;
  });

  it('closes its audio when the recogniser rig.ends first', async () => {
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
    const { events } = await transcribed(silent);
    expect(events).toEqual([{ type: 'final', text: 'enough' }]);
    await returned.promise;
  });

  it('keeps 50 replies at once apart', async () => {
    await answer(async function* (request) {
      for (let i = 0; i < 20; i++) {
        yield delta(`${request.seed}.${i}`);
        await rig.ends.settle();
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
