import { describe, expect, it } from 'vitest';
import { SESSION, scene, upTo } from './servers-test-util.ts';

describe('a replicated journal', () => {
  it('follows within 50 ms, and at once where somebody waits', async () => {
    const { clock, log, add, records } = scene();
    const a = add('a');
    a.begin();
    a.write(3);
    await clock.advance(40);
    expect(records()).toEqual(upTo(3));
    a.write(1);
    void a.durable();
    await clock.advance(3);
    expect(log).toEqual(['a durable 4']);
  });

  it('is whole, and without copies, if answers of the broker are lost', async () => {
    const { clock, log, add, records } = scene();
    const a = add('a');
    a.begin();
    a.write(2);
    a.weather.fate = 'lost';
    await clock.advance(200);
    a.write(2);
    void a.durable();
    await clock.advance(200);
    a.weather.fate = 'fine';
    await clock.advance(2_000);
    expect(records()).toEqual(upTo(4));
    expect(log.at(-1)).toBe('a durable 4');
    expect(log).not.toContain('a is fenced');
  });

  it('catches up from the own journal after a long time without the broker', async () => {
    const { clock, log, add, records } = scene();
    const a = add('a');
    a.begin();
    a.weather.fate = 'away';
    a.write(5_000);
    void a.durable(300);
    await clock.advance(5_000);
    expect(records()).toEqual([]);
    expect(log).toContain('a BUS_UNREACHABLE');
    a.weather.fate = 'fine';
    void a.durable();
    await clock.advance(5_000);
    expect(records()).toEqual(upTo(5_000));
    expect(log.at(-1)).toBe('a durable 5000');
  });

  it('is written anew if the broker has lost it', async () => {
    const { clock, log, broker, add, records } = scene();
    const a = add('a');
    a.begin();
    a.write(10);
    await clock.advance(100);
    broker.batches.clear();
    a.write(1);
    void a.durable();
    await clock.advance(2_000);
    expect(records()).toEqual(upTo(11));
    expect(log.at(-1)).toBe('a durable 11');
  });

  it('cannot be taken over before it is whole again', async () => {
    const { clock, log, broker, add, records } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(600);
    await clock.advance(1_000);
    broker.forget();
    a.replica().prove();
    while (records().length === 0) await clock.advance(1);
    expect(records().length).toBeLessThan(600);
    void b.take();
    await clock.advance(2_000);
    void b.take();
    await clock.advance(2_000);
    expect(log).toEqual(['b partial', 'b has 600 in epoch 2']);
  });

  it('goes on, and is whole, if a broker stores batches of it a second time', async () => {
    const { clock, log, broker, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    for (let i = 0; i < 3; i++) {
      a.write(2);
      await clock.advance(100);
    }
    broker.repeat(SESSION, 2);
    a.write(1);
    void a.durable();
    await clock.advance(1_000);
    void b.take();
    await clock.advance(1_000);
    broker.repeat(SESSION, 4);
    b.write(1);
    void b.durable();
    await clock.advance(1_000);
    void add('c').take();
    await clock.advance(1_000);
    expect(log.filter((line) => !line.includes(': '))).toEqual([
      'a durable 7',
      'b has 7 in epoch 2',
      'b durable 8',
      'c has 8 in epoch 3',
    ]);
  });

  it('is that of the server that has the session, if one that had lost it told brokers without a memory first', async () => {
    const { clock, log, broker, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(3);
    await clock.advance(100);
    void b.take();
    await clock.advance(100);
    b.write(2);
    await clock.advance(100);
    broker.forget();
    a.replica().prove();
    await clock.advance(100);
    b.replica().prove();
    await clock.advance(2_000);
    a.write(1);
    await clock.advance(2_000);
    expect(log.filter((line) => !line.startsWith('b: '))).toEqual(['b has 3 in epoch 2', 'a is fenced']);
    const c = add('c');
    void c.take();
    await clock.advance(100);
    expect(log.at(-1)).toBe('c has 5 in epoch 3');
  });

  it('refuses a server that has lost the session, also if brokers without a memory have counted as far as it knew', async () => {
    const { clock, log, broker, add, records } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(3);
    await clock.advance(100);
    void b.take();
    await clock.advance(100);
    broker.forget();
    b.replica().prove();
    await clock.advance(100);
    a.replica().prove();
    a.write(1);
    void a.durable();
    await clock.advance(2_000);
    expect(log).toEqual(['b has 3 in epoch 2', 'a is fenced', 'a EPOCH_SUPERSEDED']);
    expect(records()).toEqual(upTo(3));
  });

  it('does not give its lease back to a server that has lost the session, if the revision is the same by chance', async () => {
    const { clock, log, broker, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(1);
    await clock.advance(100);
    void b.take();
    await clock.advance(100);
    broker.forget();
    b.lease().prove();
    await clock.advance(100);
    a.lease().prove();
    await clock.advance(100);
    const left = b.leases.read(SESSION);
    await clock.advance(100);
    expect(await left).toMatchObject({ lease: { server: 'b', epoch: 2 } });
    expect(log).toEqual(['b has 1 in epoch 2', 'a lost the lease']);
  });

  it('refuses a server that has lost the session, also if the brokers lose their memory while it reads what they have', async () => {
    const { clock, log, broker, add, records } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    a.write(3);
    await clock.advance(100);
    const back = () => {
      a.replica().prove();
      a.lease().prove();
    };
    a.weather.answerMs = 60;
    back();
    a.write(1);
    await clock.advance(5);
    void b.take();
    await clock.advance(20);
    broker.forget();
    b.replica().prove();
    b.lease().prove();
    await clock.advance(10);
    back();
    await clock.advance(2_000);
    const left = b.leases.read(SESSION);
    await clock.advance(100);
    expect(await left).toMatchObject({ lease: { server: 'b', epoch: 2 } });
    expect(log).toEqual(['b has 3 in epoch 2', 'a is fenced']);
    expect(records()).toEqual(upTo(3));
  });
});
