import type { SessionChart } from '../setup.ts';

/**
 * Whether the client is connected. Without it nothing is heard or said: the conversation rests (`away` in machine.ts) until
 * the client is back, and replies about results wait for it.
 */
export function presenceRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'here',
    states: {
      here: { on: { away: 'away', resumed: 'away' } },
      away: { on: { back: { target: 'here', actions: 'awaitReports' } } },
    },
  });
}
