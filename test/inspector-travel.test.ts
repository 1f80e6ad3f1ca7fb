import { describe, expect, it } from 'vitest';
import { sha256 } from '../adapters/store/sha256.ts';
import { MadeSession } from '../lab/bench/inspector-journal.ts';
import { headerHash } from '../machines/journal/writer.ts';
import { PublicTravel } from '../web/inspect/app/public-travel.ts';
import { SessionLog } from '../web/inspect/model/session-log.ts';

function made(): MadeSession {
  const session = new MadeSession('travelled');
  session.wait(500);
  session.turn('hello', ['Good day to you.']);
  session.turn('how are you', ['Well, thank you.']);
  session.tell('client', { type: 'bye' });
  return session;
}

function logOf({ header }: MadeSession): SessionLog {
  return new SessionLog({ header, headerHash: headerHash(header, sha256), origin: 'file' });
}

describe('the travel of a session through its public states', () => {
  const session = made();
  const log = logOf(session);
  log.append(session.records);
  const travel = new PublicTravel(log);

  it('counts how often each was entered, and leaves out what was never reached', () => {
    const times = [...travel.stays()].map(([state, stay]) => [state, stay.times]);
    expect(Object.fromEntries(times)).toEqual({ idle: 3, processing: 2, speaking: 2, ended: 1 });
  });

  it('adds up how long, to the whole of the session', () => {
    const stays = travel.stays();
    const total = [...stays.values()].reduce((sum, { totalMs }) => sum + totalMs, 0);
    expect(total).toBeCloseTo(log.durationMs);
    expect(stays.get('idle')?.totalMs).toBeGreaterThanOrEqual(500);
    expect(stays.get('speaking')?.totalMs).toBeGreaterThanOrEqual(2_000);
  });

  it('knows each way and the records that took it', () => {
    const ways = travel.ways().map(({ from, to, records }) => [`${from} ${to}`, records.length]);
    expect(Object.fromEntries(ways)).toEqual({
      'idle processing': 2,
      'processing speaking': 2,
      'speaking idle': 2,
      'idle ended': 1,
    });
    for (const record of travel.way('idle', 'processing')?.records ?? []) {
      expect(log.entries[record - 1]?.state).toBe('idle');
      expect(log.entries[record]?.state).toBe('processing');
    }
    expect(travel.entered('ended')).toEqual([log.records.length - 1]);
    expect(travel.way('ended', 'idle')).toBeUndefined();
  });

  it('is the same if the records come one by one, and counts a stay that goes on', () => {
    const growing = logOf(session);
    const follower = new PublicTravel(growing);
    for (const record of session.records) {
      growing.append([record]);
      const total = [...follower.stays().values()].reduce((sum, { totalMs }) => sum + totalMs, 0);
      expect(total).toBeCloseTo(growing.durationMs);
    }
    expect(follower.ways()).toEqual(travel.ways());
  });
});
