import { not } from 'xstate';
import type { SessionChart } from '../setup.ts';

/** Whether the robot moves: as its client says, or while an action runs that moves it. */
export function bodyRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'still',
    states: {
      still: {
        on: { body: { guard: 'moves', target: 'moving', actions: 'recordBody' } },
        always: { guard: 'moves', target: 'moving' },
      },
      /** The ear asks for more; entered again when the noise changes. */
      moving: {
        entry: 'raiseVadThreshold',
        exit: 'lowerVadThreshold',
        on: {
          body: [
            { guard: 'moves', target: 'moving', reenter: true, actions: 'recordBody' },
            { target: 'still', actions: 'recordBody' },
          ],
        },
        always: { guard: not('moves'), target: 'still' },
      },
    },
  });
}
