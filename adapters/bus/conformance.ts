import type { Bus, BusMessage } from '../../actors/ports/bus.ts';
import { saysNoResponders } from '../../actors/ports/bus.ts';

/** What the suite asks of a test runner: the globals of Vitest or Jest. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  readonly it: ((name: string, body: () => unknown) => unknown) & {
    readonly each: (values: readonly string[]) => (name: string, body: (value: string) => void) => unknown;
  };
  beforeEach(body: () => unknown): unknown;
  afterEach(body: () => unknown): unknown;
  readonly expect: ((actual: unknown) => Matchers & { readonly rejects: Matchers }) & {
    objectContaining(expected: Readonly<Record<string, unknown>>): unknown;
  };
}

/** The matchers that it uses. */
interface Matchers {
  toBe(expected: unknown): unknown;
  toBeGreaterThan(expected: number): unknown;
  toEqual(expected: unknown): unknown;
  toHaveLength(expected: number): unknown;
  toMatchObject(expected: object): unknown;
  toThrow(expected?: unknown): unknown;
}

/** The bus under test and its environment. */
export interface BusUnderTest {
  readonly bus: Bus;
  /** A second connection to the same peers, or the same bus if there is no other. Closed by the suite. */
  readonly peer: Bus;
  /** Errors that handlers threw. */
  readonly handlerErrors: readonly unknown[];
}

/**
 * What Parley asks of a bus, as tests of Vitest or Jest, whose globals are `runner`. `makeBus` makes a fresh bus for each
 * test; the suite drains both ends afterwards.
 */
export function busConformance(
  { afterEach, beforeEach, describe, expect, it }: TestRunner,
  name: string,
  makeBus: () => Promise<BusUnderTest>,
): void {
  describe(`the bus ${name}`, () => {
    let bus: Bus;
    let peer: Bus;
    let under: BusUnderTest;
    let unique = 0;
    const coded = (code: string) => expect.objectContaining({ code });
    const counted = (count: number) => Array.from({ length: count }, (_, i) => String(i));
    /** Prefix that keeps the subjects of the tests apart. */
    const at = (rest: string) => `parley.v1.conformance.${process.pid}.${unique}.${rest}`;
    /** Waits until everything published by either end is delivered to both. */
    const settle = async () => {
      await bus.flush();
      await peer.flush();
      await bus.flush();
      await new Promise((resolve) => setImmediate(resolve));
    };
    const collect = (pattern: string, on: Bus = bus, options?: { queue: string }) => {
      const seen: BusMessage[] = [];
      const subscription = on.subscribe(pattern, (message) => seen.push(message), options);
      return { seen, subscription, texts: () => seen.map((message) => text(message.payload)) };
    };

    beforeEach(async () => {
      unique++;
      under = await makeBus();
      ({ bus, peer } = under);
    });
    afterEach(async () => {
      await bus.drain();
      await peer.drain();
    });

    it('delivers payload, headers, subject and reply subject to a subscriber of another connection', async () => {
      const { seen } = collect(at('a'));
      const reply = peer.inbox();
      collect(reply, peer);
      await settle();
      peer.publish(at('a'), Uint8Array.of(0, 255, 13, 10), { headers: { session: 's-1', seq: '7' }, reply });
      await settle();
      expect(seen).toHaveLength(1);
      expect(seen[0]?.subject).toBe(at('a'));
      expect([...(seen[0]?.payload ?? [])]).toEqual([0, 255, 13, 10]);
      expect(seen[0]?.headers).toEqual({ session: 's-1', seq: '7' });
      expect(seen[0]?.reply).toBe(reply);
    });

    it('delivers absent headers, payload or reply subject as empty, never as undefined', async () => {
      const { seen } = collect(at('a'));
      peer.publish(at('a'), new Uint8Array(0), { headers: {} });
      await settle();
      peer.publish(at('a'), new Uint8Array(0));
      await settle();
      const last = seen.at(-1);
      expect(last?.payload.byteLength).toBe(0);
      expect(last?.headers).toEqual({});
      expect(last && 'reply' in last && last.reply !== undefined).toBe(false);
    });

    it('keeps an empty header value and one with inner spaces', async () => {
      const { seen } = collect(at('a'));
      await settle();
      peer.publish(at('a'), utf8('x'), { headers: { empty: '', words: 'two words: yes' } });
      await settle();
      expect(seen[0]?.headers).toEqual({ empty: '', words: 'two words: yes' });
    });

    it('delivers payloads that a handler may keep', async () => {
      const { seen } = collect(at('a'));
      await settle();
      for (let i = 0; i < 200; i++) peer.publish(at('a'), new Uint8Array(640).fill(i));
      await settle();
      expect(seen.map((message) => message.payload[639])).toEqual(Array.from({ length: 200 }, (_, i) => i));
    });

    it('never calls a handler from inside publish', async () => {
      const order: string[] = [];
      bus.subscribe(at('a'), () => order.push('delivered'));
      bus.publish(at('a'), utf8('x'));
      order.push('published');
      await settle();
      expect(order).toEqual(['published', 'delivered']);
    });

    it('matches * with one token and > with one or more', async () => {
      const patterns = ['a.*', 'a.>', '*.b', 'a.*.c', 'a.*.>', '*.*', 'a.b'];
      const collected = patterns.map((pattern) => collect(at(pattern)));
      await settle();
      for (const subject of ['a', 'a.b', 'a.b.c', 'x.b', 'a.x.y.z']) peer.publish(at(subject), utf8(subject));
      await settle();
      expect(Object.fromEntries(patterns.map((pattern, i) => [pattern, collected[i]?.texts()]))).toEqual({
        'a.*': ['a.b'],
        'a.>': ['a.b', 'a.b.c', 'a.x.y.z'],
        '*.b': ['a.b', 'x.b'],
        'a.*.c': ['a.b.c'],
        'a.*.>': ['a.b.c', 'a.x.y.z'],
        '*.*': ['a.b', 'x.b'],
        'a.b': ['a.b'],
      });
    });

    it('accepts any printable ASCII in a token', async () => {
      const { seen } = collect(at('*.end'));
      await settle();
      peer.publish(at(`,;:!"#$%&'()+-/=?@[\\]^_{|}~\`.end`), utf8('x'));
      await settle();
      expect(seen).toHaveLength(1);
    });

    it('keeps the order of each publisher for every subscription', async () => {
      const all = collect(at('>'));
      const even = collect(at('even'));
      await settle();
      for (let i = 0; i < 1_000; i++) peer.publish(at(i % 2 ? 'odd' : 'even'), utf8(String(i)));
      await settle();
      expect(all.texts()).toEqual(counted(1_000));
      expect(even.texts()).toEqual(Array.from({ length: 500 }, (_, i) => String(2 * i)));
    });

    it('keeps the order of arrival over different subscriptions', async () => {
      const order: string[] = [];
      for (const name of ['a', 'b', 'c']) bus.subscribe(at(name), (m) => order.push(text(m.payload)));
      await settle();
      const sent = Array.from({ length: 300 }, (_, i) => `${'abc'[i % 3]}${i}`);
      for (const item of sent) peer.publish(at(item.slice(0, 1)), utf8(item));
      await settle();
      expect(order).toEqual(sent);
    });

    it('gives each message to one member of a queue group and to every other subscriber', async () => {
      const members = [1, 2, 3].map(() => collect(at('work'), bus, { queue: 'q' }));
      const other = collect(at('work'), peer, { queue: 'other' });
      const plain = collect(at('*'));
      await settle();
      for (const i of counted(200)) peer.publish(at('work'), utf8(i));
      await settle();
      const shared = members.flatMap((member) => member.texts()).sort((a, b) => Number(a) - Number(b));
      expect(shared).toEqual(counted(200));
      for (const member of members) expect(member.seen.length).toBeGreaterThan(0);
      expect(other.seen).toHaveLength(200);
      expect(plain.seen).toHaveLength(200);
    });

    it('counts members of one queue group under different patterns as one group', async () => {
      const exact = collect(at('work.a'), bus, { queue: 'q' });
      const wild = collect(at('work.*'), peer, { queue: 'q' });
      await settle();
      for (let i = 0; i < 50; i++) peer.publish(at('work.a'), utf8('x'));
      await settle();
      expect(exact.seen.length + wild.seen.length).toBe(50);
    });

    it('delivers to the remaining members when one leaves a queue group', async () => {
      const stays = collect(at('work'), bus, { queue: 'q' });
      const leaves = collect(at('work'), bus, { queue: 'q' });
      leaves.subscription.unsubscribe();
      await settle();
      for (let i = 0; i < 20; i++) peer.publish(at('work'), utf8('x'));
      await settle();
      expect([stays.seen.length, leaves.seen.length]).toEqual([20, 0]);
    });

    it('delivers nothing after unsubscribe, not even messages already under way', async () => {
      const { seen, subscription } = collect(at('a'));
      const first: string[] = [];
      const inHandler = bus.subscribe(at('a'), (message) => {
        first.push(text(message.payload));
        inHandler.unsubscribe();
      });
      await settle();
      for (const i of counted(5)) bus.publish(at('a'), utf8(i));
      subscription.unsubscribe();
      subscription.unsubscribe();
      await settle();
      expect(seen).toEqual([]);
      expect(first).toEqual(['0']);
    });

    it('delivers nothing that was published before the subscription', async () => {
      bus.publish(at('a'), utf8('early'));
      const { texts } = collect(at('a'));
      bus.publish(at('a'), utf8('late'));
      await settle();
      expect(texts()).toEqual(['late']);
    });

    it('continues when a handler throws or rejects, and reports the error', async () => {
      const after: string[] = [];
      bus.subscribe(at('a'), () => {
        throw new Error('thrown');
      });
      bus.subscribe(at('a'), async () => {
        throw new Error('rejected');
      });
      bus.subscribe(at('a'), (message) => after.push(text(message.payload)));
      await settle();
      peer.publish(at('a'), utf8('1'));
      peer.publish(at('a'), utf8('2'));
      await settle();
      expect(after).toEqual(['1', '2']);
      expect(under.handlerErrors.map(String).sort()).toEqual([
        'Error: rejected',
        'Error: rejected',
        'Error: thrown',
        'Error: thrown',
      ]);
    });

    it('answers a request, with headers both ways', async () => {
      peer.subscribe(at('ask'), (message) => {
        if (!message.reply) return;
        peer.publish(message.reply, utf8(`${text(message.payload)}!`), { headers: message.headers });
      });
      await settle();
      const answer = await bus.request(at('ask'), utf8('hey'), { timeoutMs: 5_000, headers: { id: '1' } });
      expect(text(answer.payload)).toBe('hey!');
      expect(answer.headers).toEqual({ id: '1' });
    });

    it('matches many answers to their requests', async () => {
      const kept: BusMessage[] = [];
      peer.subscribe(at('ask'), (message) => {
        kept.push(message);
        if (kept.length < 50) return;
        for (const one of kept.reverse()) if (one.reply) peer.publish(one.reply, one.payload);
      });
      await settle();
      const answers = await Promise.all(
        counted(50).map((i) => bus.request(at('ask'), utf8(i), { timeoutMs: 5_000 })),
      );
      expect(answers.map((answer) => text(answer.payload))).toEqual(counted(50));
    });

    it('rejects a request at once without a subscriber', async () => {
      await expect(bus.request(at('unknown'), utf8('?'), { timeoutMs: 3_600_000 })).rejects.toEqual(
        coded('BUS_NO_RESPONDERS'),
      );
    });

    it('rejects a request that is not answered in time', async () => {
      peer.subscribe(at('ask'), () => {});
      await settle();
      await expect(bus.request(at('ask'), utf8('?'), { timeoutMs: 1 })).rejects.toEqual(coded('BUS_TIMEOUT'));
    });

    it('notifies the reply subject of a plain message that it has no subscriber', async () => {
      const inbox = bus.inbox();
      const { seen } = collect(inbox);
      bus.publish(at('unknown'), utf8('?'), { reply: inbox });
      await settle();
      expect(seen).toHaveLength(1);
      expect(seen.every(saysNoResponders)).toBe(true);
    });

    it('creates different inboxes that others can publish to and below', async () => {
      const inboxes = [bus.inbox(), bus.inbox(), peer.inbox()];
      expect(new Set(inboxes).size).toBe(3);
      const below = collect(`${inboxes[0]}.*`);
      await settle();
      peer.publish(`${inboxes[0]}.1`, utf8('one'));
      await settle();
      expect(below.texts()).toEqual(['one']);
    });

    it('carries the largest payload and refuses one byte more, headers counted', async () => {
      const { seen } = collect(at('a'));
      await settle();
      const size = bus.maxPayload;
      bus.publish(at('a'), new Uint8Array(size));
      // "NATS/1.0\r\n", "h: v\r\n" and "\r\n" are 18 bytes.
      bus.publish(at('a'), new Uint8Array(size - 18), { headers: { h: 'v' } });
      expect(() => bus.publish(at('a'), new Uint8Array(size + 1))).toThrow(coded('BUS_PAYLOAD'));
      expect(() => bus.publish(at('a'), new Uint8Array(size - 17), { headers: { h: 'v' } })).toThrow(
        coded('BUS_PAYLOAD'),
      );
      await expect(bus.request(at('a'), new Uint8Array(size + 1), { timeoutMs: 1_000 })).rejects.toEqual(
        coded('BUS_PAYLOAD'),
      );
      await settle();
      expect(seen.map((message) => message.payload.byteLength)).toEqual([size, size - 18]);
      expect(bus.connected()).toBe(true);
    });

    const badSubjects = ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\tb', 'a\r\nb', 'ä', 'x'.repeat(2_000)];
    it.each([...badSubjects, 'a.*', '*', '>', 'a.>', 'a*b', 'a>'])('refuses to publish to %j', (subject) => {
      const refusal = coded('BUS_SUBJECT');
      expect(() => bus.publish(subject, utf8('x'))).toThrow(refusal);
      expect(() => bus.publish('fine', utf8('x'), { reply: subject })).toThrow(refusal);
    });
    it.each([...badSubjects, 'a.>.b', '>.a', 'a*b', 'a.b>'])('refuses to subscribe to %j', (pattern) => {
      expect(() => bus.subscribe(pattern, () => {})).toThrow(coded('BUS_SUBJECT'));
    });
    it('refuses a queue group with a space in its name', () => {
      expect(() => bus.subscribe('a', () => {}, { queue: 'two words' })).toThrow(coded('BUS_SUBJECT'));
    });
    it('refuses headers that would not arrive as they are', () => {
      for (const headers of [{ 'a:b': '' }, { '': 'x' }, { a: 'x\r\nb: y' }, { a: ' x' }, { a: 'ü' }]) {
        expect(() => bus.publish('a', utf8('x'), { headers })).toThrow(coded('BAD_FIELD'));
      }
    });

    it('delivers pending messages before it closes, and can be drained twice', async () => {
      const { texts } = collect(at('a'));
      await settle();
      for (const i of counted(500)) bus.publish(at('a'), utf8(i));
      const drained = bus.drain();
      await Promise.all([drained, bus.drain()]);
      expect(texts()).toHaveLength(500);
      await bus.drain();
    });

    it('lets a handler publish its answer while draining', async () => {
      const answers = collect(at('answer'), peer);
      bus.subscribe(at('a'), (message) => bus.publish(at('answer'), message.payload));
      await settle();
      bus.publish(at('a'), utf8('last'));
      await bus.drain();
      if (peer !== bus) await peer.flush();
      expect(answers.texts()).toEqual(['last']);
    });

    it('refuses everything with BUS_CLOSED once it is closed', async () => {
      const subscription = bus.subscribe(at('a'), () => {});
      await bus.drain();
      const closed = coded('BUS_CLOSED');
      expect(() => bus.publish(at('a'), utf8('x'))).toThrow(closed);
      expect(() => bus.subscribe(at('a'), () => {})).toThrow(closed);
      await expect(bus.request(at('a'), utf8('x'), { timeoutMs: 1_000 })).rejects.toEqual(closed);
      await expect(bus.flush()).rejects.toEqual(closed);
      expect(bus.connected()).toBe(false);
      subscription.unsubscribe();
    });

    it('rejects pending requests when it closes', async () => {
      bus.subscribe(at('ask'), () => {});
      const asked = bus.request(at('ask'), utf8('?'), { timeoutMs: 3_600_000 });
      const outcome = expect(asked).rejects.toEqual(coded('BUS_CLOSED'));
      await settle();
      await bus.drain();
      await outcome;
    });
  });
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function utf8(string: string): Uint8Array {
  return encoder.encode(string);
}

export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
