/** Another process continues the session from its journal. What the one before ran is gone. */
import type { SessionParameters } from '../../parameters.ts';
import { actionsOfReply, cancelLasting, loseActions } from '../actions/ends.ts';
import type { SessionContext } from '../context.ts';
import type { Outcome, Reducer } from '../effects.ts';
import { lastingOf } from '../lasting/lasting.ts';

/**
 * Generations skipped: the process before may have used some of which the journal does not know, and the client has
 * flushed them. It knows all but those of its last moments; a session gets at most ten turns at once, with a few
 * speculations each.
 */
const SKIPPED_GENERATIONS = 100;

/** The reply ends with `end`; what became of its actions is not known. */
export function endReplyLost(end: Reducer, parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'resumed') return end(context, event);
    const lost = loseAll(context, parameters);
    const ended = end({ ...context, ...lost.patch }, event);
    return {
      patch: { ...lost.patch, ...ended.patch },
      effects: [...(lost.effects ?? []), ...(ended.effects ?? [])],
    };
  };
}

/** Nothing runs any more, and new generations are unlike those that the client may know. */
export function continueSession(parameters: SessionParameters): Reducer {
  return (context) => {
    const lost = loseAll(context, parameters);
    const lastGeneration = context.lastGeneration + SKIPPED_GENERATIONS;
    return { ...lost, patch: { ...lost.patch, lastGeneration } };
  };
}

/** A client that carries actions out has ended them with its connection. */
function loseAll(context: SessionContext, parameters: SessionParameters): Outcome {
  const lasting = lastingOf(context);
  return context.input.results
    ? cancelLasting(context, lasting, parameters)
    : loseActions(context, [...actionsOfReply(context), ...lasting], parameters);
}
