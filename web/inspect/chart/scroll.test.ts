import { describe, expect, it } from 'vitest';
import { activeStates } from './active.ts';
import { sessionMap } from './chart-map.ts';
import { openStates } from './opening.ts';
import { placeMap } from './place.ts';
import { activeSpan, scrolledTo } from './scroll.ts';

describe('scrolling', () => {
  it('spans the public state and all that is active in it', () => {
    const map = sessionMap();
    const active = activeStates({ responding: { phase: { processing: 'thinking' }, llm: 'finished' } });
    const place = placeMap(map, { width: 740, height: 352, open: openStates(map, active, new Set()) });
    const { top, height } = activeSpan(place, active, 'processing');
    const seen = place.rows.filter(({ state }) => active.has(state.path));
    expect(seen.length).toBeGreaterThan(1);
    for (const { y, height: row } of seen) {
      expect(y).toBeGreaterThanOrEqual(top);
      expect(y + row).toBeLessThanOrEqual(top + height);
    }
  });

  it('goes no farther than it must, and shows the top of what is too large', () => {
    const window = { top: 100, height: 200 };
    expect(scrolledTo({ top: 150, height: 100 }, window)).toBe(100);
    expect(scrolledTo({ top: 250, height: 100 }, window)).toBe(150);
    expect(scrolledTo({ top: 40, height: 100 }, window)).toBe(40);
    expect(scrolledTo({ top: 150, height: 300 }, window)).toBe(150);
    expect(scrolledTo({ top: -8, height: 50 }, window)).toBe(0);
  });
});
