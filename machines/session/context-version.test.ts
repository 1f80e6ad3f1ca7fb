import { describe, expect, it } from 'vitest';
import { type AnySnapshot, type ContextMigration, currentSnapshot, olderForm } from './context-version.ts';

const timers = [{ id: 't', dueMs: 5, event: { type: 'xstate.after.t' } as const }];
const base = { seq: 7, atMs: 4, timers };

/** Renames `old` to `young`, and adds a state. */
const rename: ContextMigration = {
  from: 1,
  up({ context: { old, ...context }, ...rest }) {
    return { ...rest, context: { ...context, young: old } };
  },
  down({ context: { young, ...context }, value, ...rest }) {
    return { ...rest, value: value === 'resting' ? 'idle' : value, context: { ...context, old: young } };
  },
};
const first: AnySnapshot = { ...base, value: 'idle', context: { old: 1, turn: 2 } };
const second: AnySnapshot = { ...base, value: 'resting', context: { turn: 2, young: 1 } };

describe('a snapshot', () => {
  it('of an older version is brought to the current one, step by step', () => {
    expect(currentSnapshot({ contextVersion: 1, snapshot: first }, [rename], 2)).toEqual({
      ...first,
      context: { turn: 2, young: 1 },
    });
    const again = { ...rename, from: 2, up: (snapshot: AnySnapshot) => ({ ...snapshot, value: 'later' }) };
    const third = currentSnapshot({ contextVersion: 1, snapshot: first }, [rename, again], 3);
    expect(third).toMatchObject({ value: 'later', context: { young: 1 } });
  });

  it('of the next version is read as that build wrote it for this one', () => {
    const older = olderForm(second, [rename]);
    expect(older).toEqual({ contextVersion: 1, value: 'idle', set: { old: 1 }, unset: ['young'] });
    expect(currentSnapshot({ contextVersion: 2, snapshot: second, older }, [], 1)).toEqual({
      ...first,
      value: 'idle',
    });
  });

  it('of a version that is further away is not read', () => {
    const older = olderForm(second, [rename]);
    expect(currentSnapshot({ contextVersion: 3, snapshot: second, older }, [], 2)).toBeUndefined();
    expect(currentSnapshot({ contextVersion: 2, snapshot: second }, [], 1)).toBeUndefined();
    expect(currentSnapshot({ contextVersion: 1, snapshot: first }, [], 2)).toBeUndefined();
  });
});
