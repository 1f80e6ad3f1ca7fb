import { not } from 'xstate';
import type { SessionParameters } from '../../parameters.ts';
import type { SessionChart } from '../setup.ts';

/** Whether the robot moves: as its client says, or while an action runs that moves it. */
export function bodyRegion(chart: SessionChart, { actions: { moving = [] } }: SessionParameters) {
  const byActions = moving.length > 0;
  return chart.createStateConfig({
    initial: 'still',
    on: { body: { actions: 'noteBody' } },
    states: {
      still: {
        on: { body: { guard: 'moves', target: 'moving', actions: 'noteBody' } },
        ...(byActions && { always: { guard: 'moves', target: 'moving' } }),
      },
      moving: {
        on: { body: { guard: not('moves'), target: 'still', actions: 'noteBody' } },
        ...(byActions && { always: { guard: not('moves'), target: 'still' } }),
      },
    },
  });
}
