import { describe, expect, it } from 'vitest';
import { PlayedReports } from './played-reports.ts';

/** Gives at each time a report of that many samples; what is taken, and when it was received. */
function given(reports: readonly (readonly [atMs: number, generation: number, samples: number])[]) {
  const played = new PlayedReports();
  const taken: string[] = [];
  const note = (atMs: number, generation: number, samples: number) =>
    taken.push(`${generation}: ${samples} at ${atMs}`);
  for (const [atMs, generation, samples] of reports) {
    if (played.hold({ type: 'played', generation, samples }, atMs)) continue;
    const held = played.take(atMs);
    if (held) note(held.atMs, held.event.generation, held.event.samples);
    note(atMs, generation, samples);
  }
  return { played, taken };
}

describe('reports of what the client has played', () => {
  it('are taken at once if they are the first of a generation or 200 ms after the one before', () => {
    const { played, taken } = given([
      [0, 1, 0],
      [50, 1, 1_200],
      [100, 1, 2_400],
      [150, 1, 3_600],
      [200, 1, 4_800],
      [410, 1, 9_600],
    ]);
    expect(taken).toEqual(['1: 0 at 0', '1: 4800 at 200', '1: 9600 at 410']);
    expect(played.dueMs).toBeUndefined();
    expect(played.take(500)).toBeUndefined();
  });

  it('are held back else, the newest at most until 200 ms after one was taken', () => {
    const { played } = given([
      [0, 1, 0],
      [50, 1, 1_200],
      [100, 1, 2_400],
    ]);
    expect(played.dueMs).toBe(200);
    expect(played.take(180)).toEqual({
      event: { type: 'played', generation: 1, samples: 2_400 },
      atMs: 100,
    });
    expect(played.take(180)).toBeUndefined();
    expect(played.hold({ type: 'played', generation: 1, samples: 3_000 }, 379)).toBe(true);
    expect(played.dueMs).toBe(380);
  });

  it('lose nothing when a client takes back what it said', () => {
    const { played, taken } = given([
      [0, 1, 0],
      [10, 1, 2_400],
      [20, 1, 1_200],
      [210, 1, 600],
    ]);
    expect(taken).toEqual(['1: 0 at 0', '1: 2400 at 10', '1: 600 at 210']);
    expect(played.dueMs).toBeUndefined();
  });

  it('of one generation do not stand for another', () => {
    const { played, taken } = given([
      [0, 1, 0],
      [50, 1, 1_200],
      [60, 2, 0],
      [70, 2, 480],
    ]);
    expect(taken).toEqual(['1: 0 at 0', '1: 1200 at 50', '2: 0 at 60']);
    expect(played.dueMs).toBe(260);
    expect(played.take(100)?.event).toMatchObject({ generation: 2, samples: 480 });
  });
});
