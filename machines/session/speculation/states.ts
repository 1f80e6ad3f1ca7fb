import type { SessionChart } from '../setup.ts';

/** Inside `endpointing`: waits until the words are stable, then prepares the reply to them. */
export function speculationStates(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'waiting',
    states: {
      waiting: { always: { guard: 'maySpeculate', target: 'steadying' } },
      steadying: {
        after: {
          steadyDelay: { guard: 'maySpeculate', target: 'speculating', actions: 'startSpeculation' },
        },
      },
      speculating: {},
    },
  });
}
