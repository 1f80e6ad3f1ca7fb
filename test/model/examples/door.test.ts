import { expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { coveringPaths, explore, machineModel, missing } from '../../../testing/mod.ts';

const door = setup({
  types: {} as {
    context: { knocks: number };
    events: { type: 'knock' } | { type: 'close' } | { type: 'xstate.after.5000.(machine).open' };
  },
  guards: { isPatient: ({ context }) => context.knocks >= 2 },
}).createMachine({
  context: { knocks: 0 },
  initial: 'closed',
  states: {
    closed: {
      on: {
        knock: [
          { guard: 'isPatient', target: 'open' },
          { actions: assign({ knocks: ({ context }) => context.knocks + 1 }) },
        ],
      },
    },
    open: {
      entry: assign({ knocks: 0 }),
      on: { close: 'closed' },
      after: { 5000: 'closed' },
    },
  },
});

const events = [{ type: 'knock' }, { type: 'close' }, { type: 'xstate.after.5000.(machine).open' }] as const;

it('takes every transition of a machine of my own', () => {
  const model = machineModel(door, {
    input: undefined,
    events: () => events,
    facts: ({ context }) => context.knocks,
  });

  const paths = coveringPaths(model, explore(model));

  const taken = new Map<string, number>();
  for (const { steps } of paths)
    for (const { state } of steps) for (const id of state.taken) taken.set(id, (taken.get(id) ?? 0) + 1);
  expect(missing(model.stepper.transitions, taken)).toEqual([]);
  for (const { steps } of paths)
    for (const { state } of steps) expect(state.snapshot.context.knocks).toBeLessThanOrEqual(2);
});
