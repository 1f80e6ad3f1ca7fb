import { describe, expect, it } from 'vitest';
import { broken, Log } from '../../invariants-test-util.ts';

/** A reply that starts an action, and what happens then. */
const started = () => new Log().open(1).action('started');
const begun = () => started().begins();
const over = (log: Log) => log.halt().action('cancelled').stopAll().flush().end('').over();

describe('invariant 12: a call begins outside at most once', () => {
  it('holds for one that begins once, after the machine has started it', () => {
    expect(broken(over(begun()))).toEqual([]);
  });

  it('is broken by one that begins twice', () => {
    expect(broken(over(begun().begins()))).toEqual([12]);
  });

  it('is broken by one that the machine has not started', () => {
    expect(broken(over(started().begins('nod')))).toEqual([12]);
    expect(broken(over(new Log().open(1).begins().action('started')))).toEqual([12]);
  });

  it('is broken by a second reply to the turn in which it began', () => {
    const state = (turn: number) =>
      ({ type: 'state', value: 'processing', turn, generation: 2, seq: 2, at: 0 }) as const;
    const again = (turn: number) =>
      begun().action('done').stopAll().end(' ', 'completed').publish(state(turn)).over();
    expect(broken(again(1))).toContain(12);
    expect(broken(again(2))).not.toContain(12);
  });
});

describe('invariant 21: each result gets one answer', () => {
  const reported = (runs: object) =>
    new Log()
      .open(1)
      .publish({ ...{ type: 'action', id: 'wave', name: 'wave', args: {}, status: 'started' }, ...runs })
      .event({ type: 'action.result', id: 'wave', status: 'done' }, 'processing');

  it('is broken by a client whose report ends a tool of the server', () => {
    const ended = (runs: object) => reported(runs).action('done').stopAll().end(' ', 'completed').over();
    expect(broken(ended({}), { results: true })).not.toContain(21);
    expect(broken(ended({ runs: 'server' }), { results: true })).toContain(21);
  });
});
