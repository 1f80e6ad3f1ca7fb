import type { SessionChart } from '../setup.ts';

/** Entered from every state in one step; only `rearm` leaves it. */
export function stoppedState(chart: SessionChart) {
  return chart.createStateConfig({
    id: 'stopped',
    entry: ['dropLasting', 'dropUtterance', 'forgetDiscarded', 'dropPending', 'dropQuestion'],
    on: {
      rearm: 'idle',
      halt: {},
      'stop.confirmed': {},
      away: {},
      resumed: { actions: 'continueSession' },
      text: { actions: 'publishStopped' },
      commit: { actions: 'publishStopped' },
      respond: { actions: 'publishStopped' },
    },
  });
}
