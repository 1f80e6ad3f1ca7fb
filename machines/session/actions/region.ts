import { not } from 'xstate';
import type { SessionChart } from '../setup.ts';
import { isHeld } from '../stop-lane/stop-lane.ts';

/** The robot's actions during the reply. */
export function actionsRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'waiting',
    states: {
      waiting: { on: { 'reply.begin': 'running' } },
      running: {
        invoke: {
          id: 'actions',
          src: 'actions',
          input: ({ context }) => ({
            generation: context.generation,
            ...(isHeld(context) && { paused: true as const }),
          }),
          onDone: 'finished',
          onError: { target: 'finished', actions: 'failActions' },
        },
        initial: 'resting',
        states: {
          resting: { always: { guard: 'actionRuns', target: 'busy' } },
          /** Re-entered when an action ends: the deadline is the next one of those that run. */
          busy: {
            always: { guard: not('actionRuns'), target: 'resting' },
            on: {
              'llm.action': { guard: 'endsFirst', target: 'busy', reenter: true },
              'action.done': { target: 'busy', reenter: true, actions: 'recordActionDone' },
              'action.result': {
                guard: 'awaitsResult',
                target: 'busy',
                reenter: true,
                actions: 'recordActionResult',
              },
              'action.failed': { target: 'busy', reenter: true, actions: 'recordActionFailed' },
            },
            after: { actionDeadline: { target: 'busy', reenter: true, actions: 'failOverdueActions' } },
          },
        },
      },
      finished: { type: 'final' },
    },
  });
}
