import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { busConformance, text, utf8 } from './conformance.ts';
import { inProcessBus, manualPump } from './in-process.ts';

busConformance({ afterEach, beforeEach, describe, expect, it }, 'in one process', async () => {
  const handlerErrors: unknown[] = [];
  const bus = inProcessBus({ onHandlerError: (error) => handlerErrors.push(error) });
  return { bus, peer: bus, handlerErrors };
});

it('lets a test inspect, reorder, drop and duplicate pending messages', () => {
  const pump = manualPump();
  const bus = inProcessBus({ pump });
  const seen: string[] = [];
  bus.subscribe('a.*', (message) => seen.push(text(message.payload)));
  for (const word of ['one', 'two', 'three', 'four']) bus.publish('a.b', utf8(word));
  expect(
    pump.pending.map((delivery) => [delivery.subject, delivery.pattern, text(delivery.payload)]),
  ).toEqual(['one', 'two', 'three', 'four'].map((word) => ['a.b', 'a.*', word]));
  expect(seen).toEqual([]);

  pump.deliver(2);
  pump.drop(0);
  pump.duplicate(0);
  pump.deliverAll();

  expect(seen).toEqual(['three', 'two', 'two', 'four']);
  expect(pump.deliver()).toBe(false);
  expect(pump.drop()).toBe(false);
  expect(pump.duplicate()).toBe(false);
});

it('delivers the pending messages of a manual pump when it is drained', async () => {
  const bus = inProcessBus({ pump: manualPump() });
  const seen: string[] = [];
  bus.subscribe('a', (message) => seen.push(text(message.payload)));
  bus.publish('a', utf8('x'));
  await bus.flush();
  expect(seen).toEqual([]);
  await bus.drain();
  expect(seen).toEqual(['x']);
});

it('stops a manual pump that would never become idle', () => {
  const pump = manualPump();
  const bus = inProcessBus({ pump });
  bus.subscribe('a', (message) => bus.publish('a', message.payload));
  bus.publish('a', utf8('x'));
  expect(() => pump.deliverAll(10)).toThrow('did not come to rest in 10 deliveries');
});

it('does not starve the event loop with handlers that answer each other endlessly', async () => {
  const bus = inProcessBus();
  let rounds = 0;
  const ping = bus.subscribe('ping', async () => bus.publish('pong', utf8('x')));
  bus.subscribe('pong', () => {
    rounds++;
    bus.publish('ping', utf8('x'));
  });
  bus.publish('ping', utf8('x'));
  await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
  expect(rounds).toBeGreaterThan(0);
  ping.unsubscribe();
  await bus.drain();
});

it('has a fair share of an overloaded event loop: it does not deliver less the longer a turn takes', async () => {
  const bus = inProcessBus();
  const messages = 20_000;
  let delivered = 0;
  bus.subscribe('audio', () => {
    delivered++;
  });
  for (let i = 0; i < messages; i++) bus.publish('audio', utf8('x'));
  let turns = 0;
  const overload = () => {
    turns++;
    const untilMs = performance.now() + 20;
    while (performance.now() < untilMs);
    if (delivered < messages) setImmediate(overload);
  };
  setImmediate(overload);
  await bus.flush();
  expect(delivered).toBe(messages);
  expect(turns).toBeLessThan(messages / 256 / 2);
  await bus.drain();
});

it('times a request out by the given clock', async () => {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const bus = inProcessBus({ clock });
  bus.subscribe('ask', () => {});
  const outcome = expect(bus.request('ask', utf8('?'), { timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'BUS_TIMEOUT',
  });
  await clock.advance(60_000);
  await outcome;
});

it('serves the members of a queue group in turn', async () => {
  const bus = inProcessBus();
  const order: string[] = [];
  for (const name of ['a', 'b', 'c']) bus.subscribe('work', () => order.push(name), { queue: 'q' });
  for (let i = 0; i < 6; i++) bus.publish('work', utf8('x'));
  await bus.flush();
  expect(order.slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
  expect(order.slice(3)).toEqual(order.slice(0, 3));
});

it('reports whether a subject has listeners, by name or by wildcard', () => {
  const bus = inProcessBus();
  expect(bus.listened?.('a.b')).toBe(false);
  const named = bus.subscribe('a.b', () => {});
  expect(bus.listened?.('a.b')).toBe(true);
  named.unsubscribe();
  expect(bus.listened?.('a.b')).toBe(false);
  const wild = bus.subscribe('a.*', () => {});
  expect(bus.listened?.('a.b')).toBe(true);
  expect(bus.listened?.('b.b')).toBe(false);
  wild.unsubscribe();
  expect(bus.listened?.('a.b')).toBe(false);
});

it('finds wildcards that were added after a subject was first used, and not removed ones', async () => {
  const bus = inProcessBus();
  const heard: string[] = [];
  const say = (text: string) => bus.publish('a.b', utf8(text));
  bus.subscribe('x.>', () => {});
  say('without a subscriber');
  const one = bus.subscribe('a.>', () => heard.push('one'));
  say('to one');
  const two = bus.subscribe('*.b', () => heard.push('two'));
  say('to both');
  await bus.flush();
  one.unsubscribe();
  say('to two');
  await bus.flush();
  two.unsubscribe();
  say('again without a subscriber');
  await bus.flush();
  expect(heard).toEqual(['one', 'two', 'one', 'two']);
});

it('remembers a limited number of subjects', async () => {
  const bus = inProcessBus();
  let count = 0;
  bus.subscribe('a.*', () => count++);
  for (let i = 0; i < 10_000; i++) bus.publish(`a.${i}`, utf8('x'));
  await bus.flush();
  expect(count).toBe(10_000);
});
