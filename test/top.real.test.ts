import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../server/cli.ts';
import { startTestServer, User } from '../server/endpoints/inspect/inspect-test-util.ts';
import type { LiveSession } from '../server/endpoints/inspect/wire.ts';
import { tableOf } from '../server/top/table.ts';
import { startNatsServer } from '../testing/nats-server.ts';
import { afterTest } from './support/after-test.ts';

describe('the table', () => {
  const session = (name: string, more: Partial<LiveSession>): LiveSession => ({
    ...{ session: name, server: 's', startedAt: '2026-01-01T00:00:00.000Z', language: 'en', state: 'idle' },
    ...{ turn: 0, generation: 0, errors: 0, ...more },
  });
  const nowMs = Date.parse('2026-01-01T00:03:07.000Z');

  it('has busy sessions first, then the youngest, and what was said last', () => {
    const sessions = [
      session('an-old-one', {}),
      session('a-new-one', { startedAt: '2026-01-01T00:03:00.000Z', lastText: 'hello' }),
      session('a-busy-one', { state: 'speaking', turn: 3, latencyMs: 412.4, endpoint: 'parley-v1' }),
    ];
    const facts = { cpu: 0.031, memoryBytes: 120e6 };
    expect(tableOf(sessions, facts, { nowMs, rows: 10, width: 95 })).toEqual([
      '3 sessions, 1 busy, 3 % of a core, 120 MB',
      '',
      'SESSION   STATE           AGE  TURNS  AUDIO ms  ERRORS  DOOR             LAST WORDS OR ERROR',
      'a-busy-o  speaking      3m07s      3       412       0  parley-v1',
      'a-new-on  idle             7s      0                 0                   hello',
      'an-old-o  idle          3m07s      0                 0',
    ]);
  });

  it('names the level of an overload, and the load of the other servers', () => {
    const others = [['ws://robot:7401', 0.4]] as const;
    const facts = { cpu: undefined, memoryBytes: undefined, degradation: 2, others };
    const [line] = tableOf([], facts, { nowMs, rows: 7, width: 90 });
    expect(line).toBe('0 sessions, 0 busy, overload level 2, ws://robot:7401 40 % loaded');
  });

  it('says how many do not fit', () => {
    const sessions = Array.from({ length: 9 }, (_, n) => session(`s${n}`, {}));
    const facts = { cpu: undefined, memoryBytes: undefined };
    const lines = tableOf(sessions, facts, { nowMs, rows: 7, width: 90 });
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([7, '9 sessions, 0 busy', '… and 6 more']);
  });
});

describe('parley top', () => {
  let printed: string[];
  beforeEach(() => {
    printed = [];
    for (const method of ['log', 'error'] as const)
      vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('shows a running server to whom may look', async () => {
    const server = await startTestServer({ token: 'a long enough token' });
    const { session } = await User.connect(server.url, 'a long enough token');

    expect(await main(['top', '--once', '--url', server.url, '--token', 'a long enough token'])).toBe(0);
    expect(printed.join('\n')).toMatch(
      new RegExp(
        `^1 session, 0 busy, \\d+ MB\\n\\nSESSION.*\\n${session.slice(0, 8)}  idle .* parley-v1`,
        'u',
      ),
    );
    expect(await main(['top', '--once', '--url', server.url, '--token', 'another'])).toBe(1);
    expect(printed.join('\n')).toContain('UNAUTHORISED');
  });

  it('shows the other servers of the broker', async () => {
    const broker = await startNatsServer();
    afterTest(() => broker.stop());
    const flags = { 'bus.natsUrl': broker.url, 'shared.phraseMegabytes': 0, 'outbox.roles': [] };
    const [asked, other] = [await startTestServer(flags), await startTestServer(flags)];
    const url = other.url.replace('http', 'ws');
    const look = async () => {
      printed.length = 0;
      await main(['top', '--once', '--url', asked.url]);
      return printed[0];
    };
    await expect.poll(look, { timeout: 20_000 }).toMatch(new RegExp(`, ${url} \\d+ % loaded$`, 'mu'));
  });

  it('says where it found no server', async () => {
    expect(await main(['top', '--url', 'http://127.0.0.1:9'])).toBe(1);
    expect(printed.join('\n')).toContain('SERVER_UNREACHABLE');
  });
});
