/** Another process continues the session from its journal. What the previous one ran is gone. */
import type { SessionParameters } from '../../parameters.ts';
import { actionsOfReply, loseActions } from '../actions/ends.ts';
import { againLasting, lastingOf } from '../lasting/lasting.ts';
import type { MachineEvent, Outcome, Reducer, SessionContext } from '../model.ts';
import { isClients, leaveActions } from './away.ts';

/**
 * Generations skipped: the process before may have used some of which the journal does not know, and the client has
 * flushed them. It knows all but those of its last moments; a session gets at most ten turns at once, with a few
 * speculations each.
 */
const SKIPPED_GENERATIONS = 100;

/** The reply ends with `end`; what became of its actions is not known. With a connection, calls of the server are stopped. */
export function endReplyLost(end: Reducer, parameters: SessionParameters): Reducer {
  return (context, event) => {
    const lost = lostWith(event, context, parameters);
    if (!lost) return end(context, event);
    const ended = end({ ...context, ...lost.patch }, event);
    return {
      patch: { ...lost.patch, ...ended.patch },
      effects: [...(lost.effects ?? []), ...(ended.effects ?? [])],
    };
  };
}

function lostWith(
  { type }: MachineEvent,
  context: SessionContext,
  parameters: SessionParameters,
): Outcome | undefined {
  if (type === 'resumed') return loseOurs(context, parameters);
  if (type !== 'away' && type !== 'lost') return undefined;
  const calls = actionsOfReply(context).filter(({ byServer }) => byServer);
  return loseActions(context, calls, parameters, 'connection');
}

/** No child runs any more, and new generations are unlike those that the client may know. Its own actions may go on. */
export function continueSession(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const lost = loseOurs(context, parameters);
    const known = { ...context, ...lost.patch };
    const left = leaveActions(parameters)(known, event);
    const again = againLasting({ ...known, ...left.patch }, parameters);
    const lastGeneration = context.lastGeneration + SKIPPED_GENERATIONS;
    return {
      patch: { ...lost.patch, ...left.patch, ...again.patch, lastGeneration },
      effects: [...(lost.effects ?? []), ...(left.effects ?? []), ...(again.effects ?? [])],
    };
  };
}

/** A client that carries actions out has ended those of a reply with its connection; calls of the server may have been done. */
function loseOurs(context: SessionContext, parameters: SessionParameters): Outcome {
  const running = [...actionsOfReply(context), ...lastingOf(context)];
  return loseActions(
    context,
    running.filter((action) => !isClients(action, context)),
    parameters,
  );
}
