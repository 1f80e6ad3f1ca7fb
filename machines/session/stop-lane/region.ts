import { and, not, or, stateIn } from 'xstate';
import type { SessionChart } from '../setup.ts';

const OVER = or([stateIn({ conversation: 'stopped' }), stateIn({ conversation: 'ended' })]);

type Inner = string | { readonly [State in string]: Inner };
const speaking = (state: Inner) => stateIn({ conversation: { responding: { phase: { speaking: state } } } });
const HEARING = speaking({ yielding: 'hearing' });
const JUDGING = speaking({ yielding: 'judging' });
const WAITING = speaking({ yielding: { judging: 'waiting' } });
/** Where the reply is paused for the user anyway. */
const PAUSED = or([HEARING, WAITING, and([JUDGING, not('softens')])]);
/** Where it plays on softer. */
const DOUBTING = or([speaking('ducked'), speaking({ yielding: 'doubting' }), JUDGING]);

/** Whether a user may have said a stop phrase. It needs no turn, so it stands beside the conversation. */
export function stopLaneRegion(chart: SessionChart) {
  const refuted = [
    { guard: PAUSED, target: 'clear', actions: 'releasePaused' },
    { guard: DOUBTING, target: 'clear', actions: 'releaseDucked' },
    { target: 'clear', actions: 'releasePlaying' },
  ] as const;
  return chart.createStateConfig({
    initial: 'clear',
    states: {
      clear: {
        on: { 'stop.suspected': { guard: not(OVER), target: 'suspected', actions: 'hold' } },
      },
      /** Speech is paused and actions hold. Further suspicions do not make it longer. */
      suspected: {
        always: { guard: OVER, target: 'clear', actions: 'forgetSuspicion' },
        on: { 'stop.refuted': refuted },
        after: { suspicion: refuted },
      },
    },
  });
}
