import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '../../actors/ports/bus.ts';
import { ownEngine, subjects } from '../../actors/subjects.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { busConformance, text, utf8 } from './conformance.ts';
import { hybridBus } from './hybrid.ts';
import { natsBus } from './nats.ts';

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

const PEERS = { 'with another one': hybridBus, 'with one over NATS': natsBus };
for (const [what, makePeer] of Object.entries(PEERS))
  busConformance({ afterEach, beforeEach, describe, expect, it }, `that is hybrid, ${what}`, async () => {
    const handlerErrors: unknown[] = [];
    const options = { url: server.url, onHandlerError: (error: unknown) => handlerErrors.push(error) };
    const [bus, peer] = await Promise.all([hybridBus(options), makePeer(options)]);
    return { bus, peer, handlerErrors };
  });

describe('a hybrid bus', () => {
  async function connect(make: (options: { url: string }) => Promise<Bus> = hybridBus): Promise<Bus> {
    const bus = await make({ url: server.url });
    afterTest(() => bus.drain());
    return bus;
  }

  /** All that passes through the broker, but for announcements and answers. */
  async function wiretap(): Promise<string[]> {
    const seen: string[] = [];
    const tap = await connect(natsBus);
    tap.subscribe('>', ({ subject, payload }) => {
      if (subject !== subjects.interest && !subject.startsWith('_INBOX'))
        seen.push(`${subject} ${text(payload)}`);
    });
    await tap.flush();
    return seen;
  }

  const heard = (bus: Bus, subject: string) => {
    const seen: string[] = [];
    const subscription = bus.subscribe(subject, ({ payload }) => seen.push(text(payload)));
    return { seen, subscription };
  };

  it('keeps copies of a session in its process until another process asks for them', async () => {
    const [bus, observer] = [await connect(), await connect()];
    const wire = await wiretap();
    const { seen } = heard(bus, subjects.out('s'));
    bus.publish(subjects.out('s'), utf8('1'));
    for (const copy of [subjects.audioOut('s'), subjects.ear('s')]) expect(bus.listened?.(copy)).toBe(false);

    const asked = heard(observer, 'parley.v1.s.*.out');
    await expect.poll(() => bus.listened?.(subjects.out('other'))).toBe(true);
    bus.publish(subjects.out('s'), utf8('2'));
    bus.publish(subjects.audioOut('s'), utf8('audio'));
    await expect.poll(() => asked.seen).toEqual(['2']);

    asked.subscription.unsubscribe();
    await expect.poll(() => bus.listened?.(subjects.out('other'))).toBe(false);
    bus.publish(subjects.out('s'), utf8('3'));
    await bus.flush();
    expect([seen, wire]).toEqual([['1', '2', '3'], ['parley.v1.s.s.out 2']]);
  });

  it('that comes later learns what others ask for', async () => {
    heard(await connect(), 'parley.v1.s.>');
    const bus = await connect();
    await expect.poll(() => bus.listened?.(subjects.ev('s'))).toBe(true);
  });

  it('asks its own engines without the broker, and answers there', async () => {
    const bus = await connect();
    const wire = await wiretap();
    const work = subjects.work('llm', ownEngine('echo', 'p1'));
    bus.subscribe(work, ({ reply = '', payload }) => bus.publish(reply, payload), { queue: 'llm-echo' });
    const answer = await bus.request(work, utf8('hey'), { timeoutMs: 5_000 });
    await bus.flush();
    expect([text(answer.payload), wire]).toEqual(['hey', []]);
    const absent = bus.request(subjects.work('llm', ownEngine('none', 'p1')), utf8('?'), {
      timeoutMs: 5_000,
    });
    await expect(absent).rejects.toMatchObject({ code: 'BUS_NO_RESPONDERS' });
  });

  it('gives a request to a member of the group here, and shows it to observers elsewhere', async () => {
    const [bus, other] = [await connect(), await connect()];
    const [here, there]: [string[], string[]] = [[], []];
    bus.subscribe('work', ({ payload }) => here.push(text(payload)), { queue: 'q' });
    other.subscribe('work', ({ payload }) => there.push(text(payload)), { queue: 'q' });
    const { seen } = heard(other, '*');
    await other.flush();
    for (const one of ['1', '2', '3']) bus.publish('work', utf8(one));
    await expect.poll(() => seen).toEqual(['1', '2', '3']);
    expect([here, there]).toEqual([['1', '2', '3'], []]);
  });

  it('goes on within its process while the broker is gone', async () => {
    const own = await startNatsServer();
    afterTest(() => own.kill());
    const bus = await hybridBus({ url: own.url, onError: () => {} });
    afterTest(() => bus.drain());
    await own.kill();
    await expect.poll(() => bus.connected()).toBe(false);
    const work = subjects.work('tts', ownEngine('echo', 'p1'));
    bus.subscribe(work, ({ reply = '', payload }) => bus.publish(reply, payload));
    expect(text((await bus.request(work, utf8('still here'), { timeoutMs: 5_000 })).payload)).toBe(
      'still here',
    );
  });

  it('drops announcements that make no sense, and counts them', async () => {
    const [bus, liar] = [await connect(), await connect(natsBus)];
    for (const lie of ['no JSON', '{"from":"x"}', '{"from":"x","patterns":["a..b"]}'])
      liar.publish(subjects.interest, utf8(lie));
    await expect.poll(() => bus.counts?.().malformed).toBe(3);
  });
});
