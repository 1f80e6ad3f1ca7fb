import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { JournalSink } from '../../../actors/ports/journal.ts';
import { subjects } from '../../../actors/subjects.ts';
import { inProcessBus } from '../../../adapters/bus/in-process.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { JOURNAL_FORMAT, type JournalHeader, type JournalRecord } from '../../../machines/journal/record.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import type { Command } from '../../../machines/session/commands.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { settle } from '../../../testing/conversation.ts';
import { accessOf } from '../../door/access.ts';
import { decode, encode, type InspectBus, LEASE_MS, type Lease } from './bus-wire.ts';
import { Hub } from './hub.ts';
import { Page } from './inspect-test-util.ts';
import { CLOSE_MS, LiveSockets } from './live-sockets.ts';
import { WatchedSessions } from './watched.ts';
import type { InspectMessage } from './wire.ts';

const SESSION = 's1';
const NOW = '2026-01-01T00:00:00.000Z';

let clock: VirtualClock;
let bus: ReturnType<typeof inProcessBus>;
let inspectBus: InspectBus;
let watched: WatchedSessions;
const problems: unknown[] = [];

beforeEach(() => {
  clock = new VirtualClock({ settle });
  bus = inProcessBus();
  problems.length = 0;
  inspectBus = { bus, clock, server: 'here', onProblem: (error) => problems.push(error) };
  watched = new WatchedSessions(inspectBus, () => NOW);
  afterTest(async () => {
    watched.close();
    await bus.drain();
    expect(problems).toEqual([]);
  });
});

const wanting: Lease = { watcher: 'there', list: false, full: false, sessions: [], fresh: [] };

async function lease(wanted: Partial<Lease>): Promise<void> {
  bus.publish(subjects.inspectWatch, encode({ ...wanting, ...wanted }));
  await settle();
}

/** Messages on a subject. */
function told(subject: string): unknown[] {
  const all: unknown[] = [];
  bus.subscribe(subject, ({ payload }) => all.push(decode(payload)));
  return all;
}

const NO_SINK: JournalSink = {
  append: () => {},
  audio: () => {},
  durable: async () => {},
  end: async () => {},
  leave: async () => {},
};

/** A watched journal of a session. */
function journalOf(session: string): JournalSink {
  const header: JournalHeader = {
    format: JOURNAL_FORMAT,
    session,
    machine: 'm',
    version: 'v',
    startedAt: NOW,
    parameters: defaultParameters,
    input: { language: 'en', outputRate: 24_000, seed: 1, memory: false },
  };
  return watched
    .tapped({ openJournal: () => NO_SINK, continueJournal: () => NO_SINK })
    .openJournal(header, 'hash', () => {});
}

function record(number: number, event = 'null'): JournalRecord {
  const facts = { seq: number, t: number, source: 'client', generation: 0, stale: false } as const;
  const texts = { event, change: '[]', commands: '[]', stateHash: 's', commandsHash: 'c' };
  return { record: number, ...facts, ...texts };
}

function publish(message: SessionMessage): void {
  const command: Command = { type: 'publish', message };
  watched.observe(SESSION, { type: 'command', seq: 1, atMs: 0, command });
}

it('a session shows the door that its client came through', () => {
  watched.opened(SESSION, 'en', 'rosbridge');
  expect(watched.get(SESSION)).toMatchObject({ language: 'en', endpoint: 'rosbridge' });
});

describe('a lease', () => {
  it('starts a feed with its first record number, and ends it when not renewed', async () => {
    const feed = told(subjects.inspectFeed(SESSION));
    watched.opened(SESSION, 'en');
    const sink = journalOf(SESSION);
    sink.append(record(0));

    await lease({ sessions: [SESSION], fresh: [SESSION] });
    sink.append(record(1));
    await clock.advance(LEASE_MS - 1);
    sink.append(record(2));
    await clock.advance(1);
    sink.append(record(3));
    await clock.advance(LEASE_MS);

    const numbers = feed.map((one) => JSON.stringify(one).match(/(?<="record":)\d+/gu) ?? []);
    expect(feed[0]).toEqual({ type: 'watching', session: SESSION, live: true, from: 1 });
    expect(numbers.flat()).toEqual(['1', '2']);
  });

  it('brings what the ear reports, and nothing else from its subject', async () => {
    const feed = told(subjects.inspectFeed(SESSION));
    watched.opened(SESSION, 'en');
    journalOf(SESSION);
    await lease({ sessions: [SESSION] });
    const report = { at: 200, levelDb: -30, speech: 0.9, echo: { delayMs: 140, removedDb: 20, passed: 0 } };
    bus.publish(subjects.ear(SESSION), encode({ type: 'ear', ...report }));
    bus.publish(subjects.ear(SESSION), encode({ type: 'ear' }));
    await settle();
    await clock.advance(100);
    expect(feed.at(-1)).toMatchObject({ feed: { ear: [report] } });
  });

  it('that is renewed continues the feed without restarting it', async () => {
    const feed = told(subjects.inspectFeed(SESSION));
    watched.opened(SESSION, 'en');
    const sink = journalOf(SESSION);
    for (let round = 0; round < 5; round++) {
      await lease({ sessions: [SESSION], fresh: round === 0 ? [SESSION] : [] });
      sink.append(record(round));
      await clock.advance(LEASE_MS - 1);
    }

    expect(feed).toHaveLength(6);
  });

  it('that is malformed is ignored', async () => {
    const feed = told('parley.v1.inspect.>');
    watched.opened(SESSION, 'en');
    for (const payload of [
      '',
      '{}',
      '[]',
      '{"watcher":1}',
      '{"watcher":"w","list":true,"full":true,"sessions":["*"]}',
    ])
      bus.publish(subjects.inspectWatch, new TextEncoder().encode(payload));
    await clock.advance(1_000);

    expect(feed).toHaveLength(5); // the leases themselves
  });
});

describe('the list', () => {
  it('is sent at most four times a second, and contains only changes', async () => {
    const presence = told(subjects.inspectPresence);
    for (const session of [SESSION, 'quiet']) watched.opened(session, 'en');
    await lease({ list: true, full: true });
    presence.length = 0;

    for (let i = 0; i < 100; i++) {
      publish({ type: 'state', value: 'listening', turn: i, generation: i, seq: i, at: i });
      await clock.advance(10);
    }

    expect(presence).toHaveLength(4);
    for (const one of presence)
      expect(one).toMatchObject({ full: false, sessions: [{ session: SESSION, state: 'listening' }] });
  });

  it('of many sessions is sent in several messages', async () => {
    const presence = told(subjects.inspectPresence);
    for (let i = 0; i < 450; i++) watched.opened(`s${i}`, 'en');

    await lease({ list: true, full: true });

    expect(presence).toMatchObject([{ full: true }, { full: false }, { full: false }]);
  });

  it('contains latency, errors and the shortened last words', async () => {
    watched.opened(SESSION, 'en');
    publish({ type: 'transcript', turn: 1, text: 'not yet', final: false });
    publish({ type: 'transcript', turn: 1, text: 'x'.repeat(10_000), final: true });
    publish({ type: 'error', code: 'LLM_FAILED', message: '', fatal: false });
    const end = { turn: 1, generation: 1, reason: 'completed', heard: '' } as const;
    publish({ type: 'reply.end', ...end, timings: { firstAudio: 250 } });

    expect(watched.get(SESSION)).toMatchObject({ latencyMs: 250, errors: 1, lastError: 'LLM_FAILED' });
    expect(watched.get(SESSION)?.lastText).toHaveLength(120);
  });
});

describe('the feed', () => {
  it('is split to the payload limit of the bus, and skips a record that is too large', async () => {
    watched.close();
    await bus.drain();
    bus = inProcessBus({ maxPayload: 100 * 1_024 });
    inspectBus = { ...inspectBus, bus };
    watched = new WatchedSessions(inspectBus, () => NOW);
    const feed = told(subjects.inspectFeed(SESSION));
    watched.opened(SESSION, 'en');
    const sink = journalOf(SESSION);
    await lease({ sessions: [SESSION], fresh: [SESSION] });

    const long = (length: number) => JSON.stringify('x'.repeat(length));
    for (let i = 0; i < 5; i++) sink.append(record(i, long(i === 2 ? 200_000 : 12_000)));
    await clock.advance(200);

    const numbers = feed.slice(1).map((one) => JSON.stringify(one).match(/(?<="record":)\d+/gu));
    expect(numbers).toEqual([
      ['0', '1'],
      ['3', '4'],
    ]);
  });
});

describe('the hub', () => {
  it('forgets a server that has become silent', async () => {
    const hub = new Hub({ ...inspectBus, server: 'watcher' }, false);
    afterTest(() => hub.close());
    const told: InspectMessage[] = [];
    const listing = hub.list({ tell: (json) => told.push(JSON.parse(json)) });
    const far = { session: 'far', server: 'elsewhere', startedAt: NOW, language: 'en' };
    const state = { state: 'idle', turn: 0, generation: 0, errors: 0 };
    const sessions = [{ ...far, ...state }];
    bus.publish(subjects.inspectPresence, encode({ server: 'elsewhere', full: true, sessions, gone: [] }));
    await clock.advance(300);
    await listing;
    expect(told).toMatchObject([{ full: true, sessions: [{ session: 'far' }] }]);

    await clock.advance(2 * LEASE_MS);

    expect(told.at(-1)).toEqual({ type: 'sessions', full: false, sessions: [], gone: ['far'] });
  });
});

describe('a page that does not read', () => {
  it('is dropped, without affecting others', async () => {
    const real: InspectBus = { ...inspectBus, clock: realClock, server: 'watcher' };
    const hub = new Hub(real, true);
    const access = accessOf({});
    const ready = {
      type: 'ready',
      server: 's',
      version: 'v',
      control: false,
      journal: true,
      audio: 'none',
    } as const;
    const options = { hub, clock, access, ready, maxPages: 4, maxUnreadBytes: 64 * 1_024 };
    const sockets = new LiveSockets(options);
    const http = createServer();
    http.on('upgrade', (request, socket, head) => sockets.accept(request, socket, head));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    afterTest(async () => {
      await sockets.close();
      hub.close();
      await new Promise((resolve) => http.close(resolve));
    });
    const { port } = http.address() as AddressInfo;
    watched.opened(SESSION, 'en');
    const watchingPage = async () => {
      const page = await Page.open(`http://127.0.0.1:${port}`);
      await page.watch(SESSION);
      return page;
    };
    const lazy = await watchingPage();
    const eager = await watchingPage();
    lazy.socket.pause();

    // 20 MB: more than the operating system keeps for a reader.
    const records = [record(0, JSON.stringify('x'.repeat(200_000)))];
    const feed = { session: SESSION, records, children: [], levels: [], ended: false };
    for (let sent = 1; sent <= 100; sent++) {
      bus.publish(subjects.inspectFeed(SESSION), encode({ type: 'feed', feed }), {
        headers: { type: 'feed' },
      });
      await eager.until((page) => page.feeds(SESSION).length === sent);
    }
    const dropped = once(lazy.socket, 'close');
    await clock.advance(CLOSE_MS);
    lazy.socket.resume();
    await dropped;

    expect(sockets.size).toBe(1);
    expect(eager.socket.readyState).toBe(WebSocket.OPEN);
  });
});
