import { describe, expect, it } from 'vitest';
import { subjects } from '../../actors/subjects.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { clientUrl, Presence, type ServerState } from './presence.ts';

function startBroker() {
  const clock = new VirtualClock();
  const malformed: string[] = [];
  const bus = inProcessBus({ clock, onMalformed: (subject) => malformed.push(subject) });
  const start = (id: string, state: Partial<ServerState> = {}) => {
    const own = { url: `ws://${id}:7400`, sessions: 0, load: 0, draining: false, ...state };
    const presence = new Presence({ bus, clock, id, state: () => own });
    afterTest(() => presence.close());
    return { presence, own };
  };
  return { bus, clock, start, malformed };
}

describe('the presence of servers', () => {
  it('is known to the others within a second, and over after three of silence', async () => {
    const { clock, start } = startBroker();
    const { presence: one } = start('one');
    await clock.advance(500);
    const { presence: two } = start('two', { sessions: 3 });
    await clock.advance(500);
    expect([...one.others().keys()]).toEqual(['two']);
    expect([...two.others()]).toEqual([
      ['one', { url: 'ws://one:7400', sessions: 0, load: 0, draining: false }],
    ]);
    two.close();
    await clock.advance(2_400);
    expect(one.others().size).toBe(1);
    await clock.advance(700);
    expect(one.others().size).toBe(0);
    expect(one.free()).toBeUndefined();
  });

  it('names the server with the least to do, of those that admit sessions and have an address', async () => {
    const { clock, start } = startBroker();
    const { presence } = start('one');
    start('full', { load: 1 });
    start('draining', { draining: true });
    const nameless = start('nameless');
    Object.assign(nameless.own, { url: undefined });
    start('busy', { load: 0.5 });
    const idle = start('idle', { load: 0.2 });
    await clock.advance(1_000);
    expect(presence.free()).toBe('ws://idle:7400');
    idle.own.load = 2;
    await clock.advance(1_000);
    expect(presence.free()).toBe('ws://busy:7400');
  });

  it('drops what is not a presence', async () => {
    const { bus, clock, start, malformed } = startBroker();
    const { presence } = start('one');
    const sane = { sessions: 0, load: 0, draining: false };
    for (const said of ['nonsense', JSON.stringify({ ...sane, url: 'https://evil.example' }), '{}'])
      bus.publish(subjects.server('two'), new TextEncoder().encode(said));
    await clock.advance(1);
    expect(presence.others().size).toBe(0);
    expect(malformed).toHaveLength(3);
  });

  it.each([
    ['http://127.0.0.1:7400', 'ws://127.0.0.1:7400'],
    ['https://10.0.0.7:7400', 'wss://10.0.0.7:7400'],
    ['http://localhost:7400', undefined],
  ])('of a server that listens on %s gives %s', (listening, url) => {
    expect(clientUrl(undefined, listening)).toBe(url);
    expect(clientUrl('wss://robot.example', listening)).toBe('wss://robot.example');
  });
});
