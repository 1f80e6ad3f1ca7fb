import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../log.ts';
import type { PublicState } from '../../wire.ts';
import type { SessionEvent } from '../events.ts';
import { StopCheck } from './stop-check.ts';

const arrives = (atMs: number): LogEntry => ({ type: 'halt.arrived', atMs });
const event = (atMs: number, type: 'halt' | 'rearm' | 'interrupt', state: PublicState): LogEntry => ({
  ...{ type: 'event', seq: 1, atMs, source: 'client', state },
  event: { type } as SessionEvent,
});
const frame = (atMs: number): LogEntry => ({ type: 'frame', atMs, generation: 1, seq: 0, samples: 480 });
const action = (atMs: number): LogEntry => ({ type: 'action.start', atMs, id: '1-a' });

function faults(...entries: LogEntry[]): string[] {
  const check = new StopCheck();
  const found = entries.flatMap((entry) => check.observe(entry) ?? []);
  return [...found, ...[check.end()].flatMap((fault) => fault ?? [])];
}

describe('a stop', () => {
  it('is in force when it is handled at once, and again after rearm', () => {
    expect(
      faults(
        frame(0),
        arrives(5),
        event(5, 'halt', 'stopped'),
        event(9, 'rearm', 'idle'),
        frame(20),
        action(30),
      ),
    ).toEqual([]);
    expect(
      faults(arrives(5), event(55, 'halt', 'stopped'), arrives(60), event(60, 'halt', 'stopped')),
    ).toEqual([]);
    expect(faults(arrives(5), event(5, 'halt', 'ended'))).toEqual([]);
  });

  it('has nothing to stop once the session has ended', () => {
    expect(faults(event(5, 'interrupt', 'ended'), arrives(5), arrives(90))).toEqual([]);
  });

  it('is late after 50 ms, and missing if it is never handled', () => {
    expect(faults(arrives(0), event(51, 'halt', 'stopped'))).toEqual([
      'a stop was not in force 51 ms after its arrival',
    ]);
    expect(faults(arrives(0))).toEqual(['a stop that arrived was never in force']);
    expect(faults(arrives(0), event(0, 'halt', 'speaking'))).toHaveLength(1);
  });

  it('allows no frame and no action, while it waits and while it is in force', () => {
    expect(faults(arrives(0), frame(1), action(2), event(3, 'halt', 'stopped'))).toEqual([
      'a frame left after a stop',
      'action 1-a started after a stop',
    ]);
    expect(
      faults(arrives(0), event(0, 'halt', 'stopped'), event(1, 'interrupt', 'stopped'), action(2)),
    ).toEqual(['action 1-a started after a stop']);
  });
});
