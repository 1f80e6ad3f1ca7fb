import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followed, panned, showing, tickMs, wholeWindow, zoomed } from './time-window.ts';

describe('the window on time', () => {
  it('zooms about a moment, which stays where it is', () => {
    const { from, to } = zoomed({ from: 0, to: 10_000 }, 2, 2_500, 60_000);
    expect([from, to]).toEqual([1_250, 6_250]);
  });

  it('never leaves the session, however it is zoomed and panned', () => {
    const move = fc.oneof(
      fc.record({
        factor: fc.double({ min: 0.01, max: 100, noNaN: true }),
        at: fc.integer({ min: 0, max: 70_000 }),
      }),
      fc.record({ by: fc.integer({ min: -90_000, max: 90_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 20 }), (moves) => {
        const whole = wholeWindow(60_000);
        let window = whole;
        for (const one of moves) {
          window = 'by' in one ? panned(window, one.by, 60_000) : zoomed(window, one.factor, one.at, 60_000);
          expect(window.from).toBeGreaterThanOrEqual(0);
          expect(window.to).toBeLessThanOrEqual(whole.to + 1e-6);
          expect(window.to - window.from).toBeGreaterThanOrEqual(49.999);
        }
      }),
    );
  });

  it('moves only if the moment is out of sight', () => {
    const window = { from: 1_000, to: 3_000 };
    expect(showing(window, 2_000, 60_000)).toBe(window);
    expect(showing(window, 9_000, 60_000)).toEqual({ from: 8_000, to: 10_000 });
  });

  it('follows what is live at the same length', () => {
    const { from, to } = followed({ from: 0, to: 20_000 }, 60_000);
    expect(to - from).toBe(20_000);
    expect(to).toBeGreaterThan(60_000);
  });

  it('marks the axis at round distances', () => {
    expect(tickMs({ from: 0, to: 20_000 }, 8)).toBe(5_000);
    expect(tickMs({ from: 0, to: 100 }, 8)).toBe(20);
  });
});
