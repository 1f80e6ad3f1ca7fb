import { DISCARDED_DEADLINE } from '../effects.ts';

/** Discarded speech, beside every state of the conversation, like the lasting actions (`lasting/region.ts`). */
export const discardedSpeech = {
  'speech.stop': { actions: 'endDiscardedSpeech' },
  'discarded.words': { actions: 'recordDiscardedWords' },
  [DISCARDED_DEADLINE]: { actions: 'discardedOverdue' },
  'xstate.error.actor.discarded': { actions: 'discardedFailed' },
} as const;
