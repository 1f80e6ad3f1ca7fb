/** Where the conversation takes the requests of the behaviour, besides idle and the offer of a turn. */

/** Beside every state of the conversation. */
export const behaviourActions = {
  'behaviour.act': { actions: 'beginBehaviourAction' },
  'behaviour.leave': { actions: 'leaveBehaviourAction' },
} as const;

/** The reply is the behaviour's, and its state was left. */
export const hushed = {
  'behaviour.hush': [
    { guard: 'userSpeaks', target: 'listening' },
    { guard: 'saysForBehaviour', target: 'idle', actions: ['discardUtterance', 'dropPending'] },
  ],
} as const;
