import { expect, it } from 'vitest';
import { hostLlm } from '../../actors/engine-rpc/mod.ts';
import type { BusMessage } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { aborted, ask, deferred, delta, hangingLlm, llm, never, readAll } from './harness.ts';
import { overEachBus } from './rig.ts';

overEachBus('workers and clients that fail or leave', (rig) => {
  const { answer, asked, opened, recognise, remote, serve, transcribed } = rig;

  it('fails at once if no worker serves an engine', async () => {
    const { error } = await asked();
    expect(error).toMatchObject({ code: 'ENGINE_NO_WORKER' });
  });

  it('gives up on a worker that does not accept', async () => {
    rig.ends.worker.subscribe(subjects.work('llm', rig.name), () => {});
    await rig.ends.settle();
    const outcome = asked({ acceptMs: 30 });
    await rig.ends.pass(30);
    expect((await outcome).error).toMatchObject({
      code: 'ENGINE_LOST',
      message: expect.stringContaining('not accepted within 30 ms'),
    });
  });

  it('gives up on a worker that becomes silent, after its events', async () => {
    rig.ends.worker.subscribe(subjects.work('llm', rig.name), ({ reply = '' }) => {
      rig.ends.worker.publish(reply, new Uint8Array(0), {
        headers: { type: 'accepted', uplink: '_INBOX.nowhere' },
      });
      rig.ends.worker.publish(reply, new TextEncoder().encode('{"type":"delta","text":"one"}'), {
        headers: { type: 'data', seq: '0' },
      });
    });
    await rig.ends.settle();
    const outcome = asked({ lostMs: 30 });
    await rig.ends.pass(30);
    const { events, error } = await outcome;
    expect(events).toEqual([delta('one')]);
    expect(error).toMatchObject({
      code: 'ENGINE_LOST',
      message: expect.stringContaining('silent for 30 ms'),
    });
  });

  it('waits for a slow engine while its worker sends heartbeats', async () => {
    const release = deferred();
    await answer(
      async function* () {
        await release.promise;
        yield delta('at last');
      },
      { beatMs: 10 },
    );
    const beats = deferred();
    let count = 0;
    rig.ends.client.subscribe('_INBOX.>', ({ headers }) => {
      if (headers.type === 'beat' && ++count === 10) beats.resolve();
    });
    await rig.ends.settle();
    const outcome = asked();
    await rig.ends.pass(10_000);
    await beats.promise;
    release.resolve();
    expect(await outcome).toEqual({ events: [delta('at last')] });
  });

  it('keeps the engine working for a client that only waits', async () => {
    const alive = deferred();
    let signs = 0;
    const release = deferred();
    await answer(async function* () {
      await release.promise;
      yield delta('at last');
    });
    rig.ends.worker.subscribe('_INBOX.>', ({ headers }) => {
      if (headers.type === 'alive' && ++signs === 10) alive.resolve();
    });
    await rig.ends.settle();
    const outcome = asked({ aliveMs: 10 });
    await rig.ends.pass(10_000);
    await alive.promise;
    release.resolve();
    expect(await outcome).toEqual({ events: [delta('at last')] });
  });

  it('stops the engine for a client that vanished', async () => {
    const { engine, stopped } = hangingLlm(rig.name);
    const host = hostLlm(rig.ends.worker, rig.ends.clock, engine, { clientLostMs: 30 });
    const error = deferred<BusMessage>();
    const inbox = rig.ends.client.inbox();
    rig.ends.client.subscribe(inbox, (message) => {
      if (message.headers.type === 'error') error.resolve(message);
    });
    await rig.ends.settle();
    rig.ends.client.publish(subjects.work('llm', rig.name), new TextEncoder().encode(JSON.stringify(ask)), {
      reply: inbox,
      headers: { session: rig.session, generation: '1', request: '0' },
    });
    await rig.ends.pass(30);
    await stopped;
    expect(JSON.parse(new TextDecoder().decode((await error.promise).payload))).toMatchObject({
      code: 'ENGINE_LOST',
      message: expect.stringContaining('silent for 30 ms'),
    });
    expect(host.active()).toBe(0);
  });

  it('stops a worker that accepts after the client has given up', async () => {
    const { engine, stopped } = hangingLlm(rig.name);
    const request = deferred<BusMessage>();
    const held = rig.ends.worker2.subscribe(subjects.work('llm', rig.name), (message) =>
      request.resolve(message),
    );
    await rig.ends.settle();
    const outcome = asked({ acceptMs: 20 });
    const { payload, headers, reply = '' } = await request.promise;
    await rig.ends.pass(20);
    expect((await outcome).error).toMatchObject({ code: 'ENGINE_LOST' });
    held.unsubscribe();
    await serve(engine);
    rig.ends.worker2.publish(subjects.work('llm', rig.name), payload, { headers, reply });
    await stopped;
  });

  it('ends a reply whose unread events exceed the limit, and stops the engine', async () => {
    const { engine, stopped } = hangingLlm(rig.name, Array<string>(100).fill('x'.repeat(1_000)));
    await serve(engine);
    const events = opened(never, { maxQueuedBytes: 20_000 });
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
    const { error } = await transcribed(flood());
    expect(error).toMatchObject({ code: 'ENGINE_OVERLOADED' });
    await stopped.promise;
  });

  it('lets running requests finish when it closes, and refuses new ones', async () => {
    const release = deferred();
    const host = await answer(async function* () {
      yield delta('one');
      await release.promise;
      yield delta('two');
    });
    const events = opened();
    await events.next();
    const closed = host.close();
    await rig.ends.settle();
    expect((await asked()).error).toMatchObject({ code: 'ENGINE_NO_WORKER' });
    expect(host.active()).toBe(1);
    release.resolve();
    expect(await events.next()).toEqual({ done: false, value: delta('two') });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await Promise.all([closed, host.close()]);
    expect(host.active()).toBe(0);
  });

  it('ends running requests after the grace period', async () => {
    const { engine, stopped } = hangingLlm(rig.name);
    const host = await serve(engine, { graceMs: 20 });
    const events = opened();
    await events.next();
    const next = expect(events.next()).rejects.toMatchObject({ code: 'ENGINE_LOST' });
    const closed = host.close();
    await rig.ends.pass(20);
    await Promise.all([next, closed, stopped]);
    expect(host.active()).toBe(0);
  });

  it('refuses requests beyond its limit', async () => {
    const { engine, started } = hangingLlm(rig.name);
    await serve(engine, { maxActive: 1 });
    const abort = new AbortController();
    const first = readAll(remote().reply(ask, abort.signal));
    await started;
    expect((await asked()).error).toMatchObject({ code: 'ENGINE_OVERLOADED' });
    abort.abort();
    await first;
  });

  it('distributes requests over workers, and continues with one when the other has left', async () => {
    const serve = (word: string) =>
      llm(rig.name, async function* () {
        yield delta(word);
      });
    const first = hostLlm(rig.ends.worker, rig.ends.clock, serve('first'));
    hostLlm(rig.ends.worker2, rig.ends.clock, serve('second'));
    await rig.ends.settle();
    const answers = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const { events } = await asked();
      answers.add(JSON.stringify(events));
    }
    expect([...answers].sort()).toEqual(['first', 'second'].map((word) => JSON.stringify([delta(word)])));
    await first.close();
    await rig.ends.settle();
    for (let i = 0; i < 20; i++) {
      expect(await asked()).toEqual({ events: [delta('second')] });
    }
  });
});
