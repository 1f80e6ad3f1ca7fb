/** Calls that wait for the user's yes, compared with the tools that are about to be in force. */
import type { OutdatedCalls, SessionContext, SessionEvent } from '../../machines/session/model.ts';

import { waitingCalls } from '../../machines/session/tools/waiting.ts';
import type { CheckCall } from './call-check.ts';

/** For a schema whose check would take longer than the event may wait. */
const CHANGED = 'the tool has changed since the user was asked';

/** An event that may change the tools, with the waiting calls whose arguments do not fit them. `checkIn` compares calls with the tools of a context. */
export function withOutdated<Event extends SessionEvent>(
  event: Event,
  context: SessionContext,
  checkIn: (context: () => SessionContext) => CheckCall,
): Event {
  const next = contextAfter(event, context);
  const outdated =
    next &&
    outdatedCalls(
      context,
      checkIn(() => next),
    );
  return outdated ? { ...event, outdated } : event;
}

function contextAfter(event: SessionEvent, context: SessionContext): SessionContext | undefined {
  if (event.type === 'tools') return { ...context, tools: event.tools };
  if (event.type === 'settings') return { ...context, settings: { ...context.settings, ...event.change } };
  return undefined;
}

function outdatedCalls(context: SessionContext, check: CheckCall): OutdatedCalls | undefined {
  const found = waitingCalls(context).flatMap(({ id, name, args }): [string, string][] => {
    const checked = check({ name, args });
    const why = checked instanceof Promise ? CHANGED : checked.invalid;
    return why === undefined ? [] : [[id, why]];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
