import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, VirtualClock } from '../../machines/clock.ts';
import { Pacer, pacerOf } from './pacer.ts';

/** A clock that counts the timers set. */
function counting(clock: VirtualClock): Clock & { timers: number } {
  return {
    timers: 0,
    nowMs: () => clock.nowMs(),
    setTimer(delayMs, fire) {
      this.timers++;
      return clock.setTimer(delayMs, fire);
    },
  };
}

describe('the pacer', () => {
  it('calls each at its time, never earlier and less than 1 ms later', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.double({ min: 0, max: 200, noNaN: true }),
            fc.double({ min: 0, max: 400, noNaN: true }),
          ),
          {
            maxLength: 40,
          },
        ),
        fc.double({ min: 0, max: 1_000, noNaN: true }),
        async (asks, startMs) => {
          const clock = new VirtualClock({ startMs });
          const pacer = new Pacer(clock);
          let called = 0;
          for (const [fromMs, inMs] of asks) {
            clock.setTimer(fromMs, () => {
              const dueMs = clock.nowMs() + inMs;
              const slot = pacer.slot(() => {
                // A moment beyond the wheel passes by once and waits again.
                if (clock.nowMs() < dueMs - 1e-3 && inMs > 200) {
                  slot.callAt(dueMs);
                  return;
                }
                expect(clock.nowMs()).toBeGreaterThanOrEqual(dueMs - 1e-3);
                expect(clock.nowMs()).toBeLessThan(dueMs + 2);
                called++;
              });
              slot.callAt(dueMs);
            });
          }
          await clock.advance(2_000);
          expect(called).toBe(asks.length);
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it('calls none twice, and none that cancelled, left or rescheduled', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock);
    const calls: string[] = [];
    const slots = ['a', 'b', 'c', 'd'].map((name) =>
      pacer.slot(() => calls.push(`${name} ${clock.nowMs()}`)),
    );
    for (const slot of slots) slot.callAt(10);
    const [a, b, c, d] = slots;
    a?.callAt(30);
    a?.callAt(10);
    b?.cancel();
    b?.cancel();
    c?.callAt(5);
    d?.join(0);
    d?.release();
    await clock.advance(100);
    expect(calls).toEqual(['c 5', 'a 10']);
    b?.callAt(120);
    await clock.advance(100);
    expect(calls.at(-1)).toBe('b 120');
  });

  it('needs one timer for all calls in the same millisecond, and no timer without calls', async () => {
    const clock = new VirtualClock();
    const counted = counting(clock);
    const pacer = new Pacer(counted);
    let calls = 0;
    const startMs = clock.nowMs();
    for (let i = 0; i < 100; i++) {
      let frame = 0;
      const slot = pacer.slot(() => {
        calls++;
        if (++frame < 50) slot.callAt(startMs + (frame + 1) * 20);
      });
      slot.callAt(startMs + 20);
    }
    await clock.advance(2_000);
    expect(calls).toBe(5_000);
    expect(counted.timers).toBe(50);
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it('catches up after a clock jump: each once, in order', async () => {
    const clock = new VirtualClock();
    let lateMs = 0;
    const pacer = new Pacer({
      nowMs: () => clock.nowMs() + lateMs,
      setTimer: (delayMs, fire) => clock.setTimer(delayMs, fire),
    });
    const calls: number[] = [];
    for (const dueMs of [30, 10, 20, 200]) pacer.slot(() => calls.push(dueMs)).callAt(dueMs);
    lateMs = 100;
    await clock.advance(10);
    expect(calls).toEqual([10, 20, 30]);
    await clock.advance(300);
    expect(calls).toEqual([10, 20, 30, 200]);
  });

  it('staggers only replies that begin together', () => {
    const together = new Pacer(new VirtualClock());
    const later = Array.from({ length: 1_000 }, () => together.slot(() => {}).join(5_000.4));
    const crowds = Array.from({ length: 20 }, (_, ms) => later.filter((one) => one === ms).length);
    expect(Math.max(...crowds)).toBeLessThanOrEqual(76);
    expect(later[0]).toBe(0);
    expect(Math.max(...later)).toBeLessThan(20);

    const apart = new Pacer(new VirtualClock());
    for (let i = 0; i < 1_000; i++) expect(apart.slot(() => {}).join(i * 7)).toBe(0);
  });

  it('reuses a place after its reply has left', () => {
    const pacer = new Pacer(new VirtualClock());
    const slots = Array.from({ length: 10 }, () => pacer.slot(() => {}));
    const first = slots.map((slot) => slot.join(0));
    for (const slot of slots) slot.release();
    for (const slot of slots) slot.release();
    expect(slots.map((slot) => slot.join(0))).toEqual(first);
  });

  it('exists once per clock', () => {
    const clock = new VirtualClock();
    expect(pacerOf(clock)).toBe(pacerOf(clock));
    expect(pacerOf(new VirtualClock())).not.toBe(pacerOf(clock));
  });
});
