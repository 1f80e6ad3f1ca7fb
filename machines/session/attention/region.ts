import { and, stateIn } from 'xstate';
import type { SessionChart } from '../setup.ts';

const IDLE = stateIn({ conversation: 'idle' });

/**
 * Whether speech is taken for the robot. `wake`: always while `awake` and in the window after a turn, and only with a wake phrase
 * while `asleep`. `addressed`: in all three as `isForOthers` says.
 */
export function attentionRegion(chart: SessionChart) {
  return chart.createStateConfig({
    initial: 'awake',
    states: {
      awake: {
        always: [
          { guard: 'needsWakePhrase', target: 'asleep' },
          { guard: and(['sleeps', IDLE]), target: 'window' },
        ],
      },
      /** A turn has ended: the next one needs no wake phrase. */
      window: {
        entry: 'publishWindow',
        always: { guard: 'replies', target: 'awake', actions: 'publishAwake' },
        after: {
          attentionWindow: [
            // As at the start: it sleeps until a user wakes it.
            { guard: IDLE, target: 'awake', actions: 'fallAsleep' },
            // The user speaks.
            { target: 'window', reenter: true },
          ],
        },
      },
      asleep: {
        entry: 'publishAsleep',
        always: [
          { guard: 'isWoken', target: 'awake', actions: 'publishAwake' },
          { guard: 'replies', target: 'awake', actions: ['wake', 'publishAwake'] },
        ],
      },
    },
  });
}
