import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { Breaker, type BreakerChange } from './breaker.ts';

const OPTIONS = { failures: 3, windowMs: 10_000, backoffMs: 1_000, maxBackoffMs: 4_000 };

function breaker() {
  const clock = new VirtualClock();
  const changes: BreakerChange[] = [];
  const one = new Breaker(clock, OPTIONS, (change) => changes.push(change));
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) one.failed(one.ticket());
  };
  return { clock, changes, one, fail };
}

describe('a breaker', () => {
  it('opens after failures, lets one probe through after the backoff, and closes when the probe succeeds', async () => {
    const { clock, changes, one, fail } = breaker();
    fail(2);
    expect(one.state).toBe('closed');
    fail(1);
    expect(one.state).toBe('open');
    await clock.advance(999);
    expect(one.takeProbe()).toBe(false);
    await clock.advance(1);
    expect(one.takeProbe()).toBe(true);
    expect(one.takeProbe()).toBe(false);
    one.succeeded(one.ticket());
    expect(one.state).toBe('closed');
    expect(changes).toEqual([{ state: 'open', ms: 1_000 }, { state: 'probing' }, { state: 'closed' }]);
  });

  it('doubles the backoff after each failed probe, up to a limit, and resets it after a success', async () => {
    const { clock, changes, one, fail } = breaker();
    fail(3);
    for (let i = 0; i < 4; i++) {
      await clock.advance(4_000);
      expect(one.takeProbe()).toBe(true);
      one.failed(one.ticket());
    }
    const rests = () => changes.flatMap((change) => (change.state === 'open' ? [change.ms] : []));
    expect(rests()).toEqual([1_000, 2_000, 4_000, 4_000, 4_000]);
    await clock.advance(4_000);
    one.takeProbe();
    one.succeeded(one.ticket());
    fail(3);
    expect(rests().at(-1)).toBe(1_000);
  });

  it('forgets failures older than its window', async () => {
    const { clock, one, fail } = breaker();
    fail(2);
    await clock.advance(11_000);
    fail(2);
    expect(one.state).toBe('closed');
  });

  it('stays closed while more succeed than fail', () => {
    const { one, fail } = breaker();
    for (let i = 0; i < 10; i++) one.succeeded(one.ticket());
    fail(9);
    expect(one.state).toBe('closed');
    fail(1);
    expect(one.state).toBe('open');
  });

  it('ignores results of requests that began before it opened', async () => {
    const { clock, one, fail } = breaker();
    const before = one.ticket();
    fail(3);
    one.succeeded(before);
    expect(one.state).toBe('open');
    await clock.advance(1_000);
    one.takeProbe();
    one.failed(before);
    one.abandoned(before);
    expect(one.state).toBe('probing');
  });

  it('allows another probe at once when one ended without a result', async () => {
    const { clock, one, fail } = breaker();
    fail(3);
    await clock.advance(1_000);
    one.takeProbe();
    one.abandoned(one.ticket());
    expect(one.takeProbe()).toBe(true);
  });
});
