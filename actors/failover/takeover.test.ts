import { describe, expect, it } from 'vitest';
import { SESSION, scene, upTo } from './servers-test-util.ts';

describe('a takeover', () => {
  it('has every record that was durable, and goes on after them', async () => {
    const { clock, log, add, records } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(20);
    void a.durable();
    await clock.advance(100);
    a.stop();
    void b.take();
    await clock.advance(100);
    b.write(5);
    void b.durable();
    await clock.advance(100);
    expect(log).toEqual(['a durable 20', 'b has 20 in epoch 2', 'b durable 25']);
    expect(records()).toEqual(upTo(25));
  });

  it('fences a server that was only slow: nothing that it waits for happens', async () => {
    const { clock, log, add, records } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(4);
    await clock.advance(100);
    a.weather.delayMs = 3_000;
    a.write(1);
    void a.durable();
    void b.take();
    await clock.advance(10_000);
    expect(log).toEqual(['b has 4 in epoch 2', 'a is fenced', 'a EPOCH_SUPERSEDED']);
    expect(records()).toEqual(upTo(4));
    void a.durable();
    await clock.advance(0);
    expect(log.at(-1)).toBe('a EPOCH_SUPERSEDED');
  });

  it('reads again if the slow server was faster than its fence', async () => {
    const { clock, log, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(4);
    await clock.advance(100);
    b.weather.delayMs = 20;
    void b.take();
    await clock.advance(70); // between its read and its fence
    a.write(3);
    void a.durable();
    await clock.advance(1_000);
    expect(log).toEqual(['a durable 7', 'b has 7 in epoch 2']);
  });

  it('reads the whole journal again if the brokers lost it after it was read, and got it anew', async () => {
    const { clock, log, broker, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    await a.writeBatches(3);
    b.weather.delayMs = 20;
    void b.take();
    await clock.advance(61); // it has read
    broker.forget();
    a.replica().prove();
    for (let i = 0; i < 3; i++) {
      if (i > 0) a.write(1);
      void a.durable();
      await clock.advance(10);
    }
    expect(broker.batches.get(SESSION)?.at(-1)?.seq).toBe(3);
    await clock.advance(1_000);
    expect(log.at(-1)).toBe('b has 5 in epoch 2');
  });

  it('leaves a server alone whose journal the brokers have only in part', async () => {
    const { clock, log, broker, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    await a.writeBatches(3);
    broker.batches.set(SESSION, broker.batches.get(SESSION)?.slice(1) ?? []);
    void b.take();
    await clock.advance(100);
    a.write(1);
    void a.durable();
    await clock.advance(100);
    expect(log).toEqual(['b partial', 'a durable 4']);
  });

  it('gives a session to one of two servers', async () => {
    const { clock, log, add } = scene();
    const [a, b, c] = [add('a'), add('b'), add('c')];
    a.begin();
    a.write(1);
    await clock.advance(100);
    c.weather.delayMs = 3;
    void b.take();
    void c.take();
    await clock.advance(1_000);
    expect(log).toEqual(['b has 1 in epoch 2', 'c elsewhere']);
  });

  it('goes on after answers of the broker were lost', async () => {
    const { clock, log, add, records } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(6);
    await clock.advance(100);
    a.stop();
    b.take().catch(({ code }) => log.push(`b ${code}`));
    await clock.advance(5); // it has read the journal, and writes its lease
    b.weather.fate = 'lost';
    await clock.advance(100);
    expect(log).toEqual(['b BUS_UNREACHABLE']);
    b.weather.fate = 'fine';
    void b.take();
    await clock.advance(100);
    b.write(1);
    await clock.advance(100);
    expect(log.at(-1)).toBe('b has 6 in epoch 3');
    expect(records()).toEqual(upTo(7));
  });

  it('is noticed by the server before when it renews its lease', async () => {
    const { clock, log, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(1);
    await clock.advance(100);
    void b.take();
    await clock.advance(60_100);
    expect(log).toEqual(['b has 1 in epoch 2', 'a lost the lease']);
  });
});
