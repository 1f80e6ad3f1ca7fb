import { LASTING_DEADLINE } from '../effects.ts';

/**
 * The lasting actions, beside every state of the conversation. Their state is the list in the context; a parallel region
 * of the chart would rename the states in every journal.
 */
export const lastingActions = {
  'action.result': [
    { guard: 'awaitsResult', actions: 'recordActionResult' },
    { actions: 'refuseActionResult' },
  ],
  'action.done': { actions: 'recordActionDone' },
  'action.failed': { actions: 'recordActionFailed' },
  [LASTING_DEADLINE]: { actions: 'failOverdueLasting' },
  'xstate.error.actor.lasting': { actions: 'failLasting' },
} as const;
