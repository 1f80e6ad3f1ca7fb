import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Lease } from '../ports/lease.ts';
import { Replica } from './replica.ts';
import { SessionLease } from './session-lease.ts';
import { opening, recordOf, SharedBroker, testClock, type Weather } from './stores-test-util.ts';
import { takeSession } from './takeover.ts';

const SESSION = 's';
const fine = (): Weather => ({ delayMs: 2, fate: 'fine' });

/** A server with one session, which notes in `log` what happens to it. */
function server(broker: SharedBroker, clock: ReturnType<typeof testClock>, name: string, log: string[]) {
  const weather = fine();
  const { leases, stream } = broker.link(weather);
  const self = { server: name, url: `ws://${name}` };
  const own: JournalRecord[] = [];
  let lease: SessionLease;
  let replica: Replica;
  function run(held: { lease: Lease; revision: number; last: number; next: number; number: number }) {
    const onLost = () => {
      log.push(`${name} lost the lease`);
      replica.close();
    };
    lease = new SessionLease({
      ...{ session: SESSION, lease: held.lease, revision: held.revision },
      ...{ store: leases, clock, renewMs: 60_000, onLost },
      onProblem: ({ message }) => log.push(`${name}: ${message}`),
    });
    replica = new Replica({
      ...{ session: SESSION, server: name, epoch: held.lease.epoch, stream, clock, opening },
      ...{ last: held.last, next: held.next, number: held.number },
      own: async (from, limit) => own.slice(from, from + limit),
      reclaim: () => lease.confirm(),
      onFenced: () => {
        log.push(`${name} is fenced`);
        lease.leave();
      },
      onProblem: ({ message }) => log.push(`${name}: ${message}`),
    });
  }
  return {
    ...{ weather, own, stream, leases },
    begin() {
      run({
        lease: { ...self, epoch: 1, proof: 'p', machine: 'm' },
        revision: 0,
        last: 0,
        next: 0,
        number: 0,
      });
    },
    write(count: number) {
      for (let i = 0; i < count; i++) {
        const record = recordOf(own.length);
        own.push(record);
        replica.append(record);
      }
    },
    durable(withinMs = 10_000) {
      return replica.durable(withinMs).then(
        () => log.push(`${name} durable ${own.length}`),
        ({ code }) => log.push(`${name} ${code}`),
      );
    },
    async take() {
      const found = await leases.read(SESSION);
      if (!found) throw new Error('no lease');
      const newest = await stream.last(SESSION);
      if (!newest) throw new Error('no journal');
      const takeover = await takeSession({ session: SESSION, self, found, last: newest, leases, stream });
      if (takeover.type !== 'taken') {
        log.push(`${name} ${takeover.type}`);
        return takeover;
      }
      const { lease, revision, records, last } = takeover.session;
      own.push(...records);
      run({ lease, revision, last, next: records.length, number: 1 });
      log.push(`${name} has ${records.length} in epoch ${lease.epoch}`);
      return takeover;
    },
    stop() {
      replica.close();
      lease.leave();
    },
    confirm: () => lease.confirm(),
    replica: () => replica,
    lease: () => lease,
  };
}

function scene() {
  const clock = testClock();
  const log: string[] = [];
  const broker = new SharedBroker(clock);
  const all: ReturnType<typeof server>[] = [];
  const add = (name: string) => {
    const one = server(broker, clock, name, log);
    all.push(one);
    return one;
  };
  const records = () =>
    (broker.batches.get(SESSION) ?? []).flatMap(({ batch }) => batch.records.map(({ record }) => record));
  return { clock, log, broker, add, records };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

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

  it('reads all again if brokers without a memory were told as many batches anew between its read and its fence', async () => {
    const { clock, log, broker, add } = scene();
    const [a, b] = [add('a'), add('b')];
    a.begin();
    for (let i = 0; i < 3; i++) {
      a.write(1);
      await clock.advance(100);
    }
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
    for (let i = 0; i < 3; i++) {
      a.write(1);
      await clock.advance(100);
    }
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
