import { describe, expect, it } from 'vitest';
import { and, createMachine, not, stateIn } from 'xstate';
import { describeChart } from './chart-description.ts';
import { sessionMachine } from './session/machine.ts';

describe('describeChart', () => {
  it('lists states with their parent, initial state and children, and transitions with readable names', () => {
    const machine = createMachine({
      id: 'door',
      initial: 'shut',
      states: {
        shut: { on: { open: [{ guard: 'locked' }, { target: 'wide.moving' }] }, after: { later: 'wide' } },
        wide: {
          initial: 'moving',
          states: {
            moving: { invoke: { id: 'motor', src: 'motor', onDone: 'still' } },
            still: {
              always: { guard: and([not('locked'), stateIn({ wide: 'still' })]), target: '#door.shut' },
            },
          },
        },
        gone: { type: 'final' },
      },
    });

    const { states, transitions } = describeChart(machine);

    expect(states).toEqual([
      { path: '', name: 'door', kind: 'compound', parent: null, initial: 'shut', invokes: [] },
      { path: 'shut', name: 'shut', kind: 'atomic', parent: '', initial: null, invokes: [] },
      { path: 'wide', name: 'wide', kind: 'compound', parent: '', initial: 'wide.moving', invokes: [] },
      {
        path: 'wide.moving',
        name: 'moving',
        kind: 'atomic',
        parent: 'wide',
        initial: null,
        invokes: ['motor'],
      },
      { path: 'wide.still', name: 'still', kind: 'atomic', parent: 'wide', initial: null, invokes: [] },
      { path: 'gone', name: 'gone', kind: 'final', parent: '', initial: null, invokes: [] },
    ]);
    expect(transitions.map(({ id, guard, targets }) => [id, guard, targets.join()])).toEqual([
      ['shut · open #1', 'locked', ''],
      ['shut · open #2', '', 'wide.moving'],
      ['shut · after later', '', 'wide'],
      ['wide.moving · done motor', '', 'wide.still'],
      ['wide.still · always', 'and not locked, in wide.still', 'shut'],
    ]);
  });

  it('gives every transition of the session a unique id', () => {
    const { transitions } = describeChart(sessionMachine);

    expect(new Set(transitions.map(({ id }) => id)).size).toBe(transitions.length);
    expect(transitions.filter(({ guard }) => guard === '?' || guard === 'by a function')).toEqual([]);
  });
});
