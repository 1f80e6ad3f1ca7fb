/** What the client changed in its live session. It applies from the next decision on. */
import type { Reducer } from '../model.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { withOutdated } from '../tools/waiting.ts';
import { earTakesTurn, settingsAfter } from './in-force.ts';

/** A speculation was made for the old settings. */
export const changeSettings: Reducer = (context, event) => {
  if (event.type !== 'settings') return {};
  const changed = settingsAfter(context, event);
  const becomesManual = earTakesTurn(context) && !earTakesTurn(changed);
  const spoken = context.spoken !== undefined && event.change.language !== undefined;
  return withoutSpeculation(context, {
    patch: {
      ...changed,
      ...withOutdated(context, event.outdated),
      ...(spoken ? { spoken: undefined } : {}),
      ...(becomesManual ? { committedTo: event.sample } : {}),
    },
  });
};

/** A speculation was offered the old ones. */
export const setTools: Reducer = (context, event) =>
  event.type === 'tools'
    ? withoutSpeculation(context, {
        patch: { tools: event.tools, ...withOutdated(context, event.outdated) },
      })
    : {};
