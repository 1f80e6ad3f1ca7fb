import type { LogEntry } from '../log.ts';
import { type MakeInvariant, publishedIn } from './facts.ts';

/** 6, in part: the user gets an error for each failure. */
export const failuresInvariant: MakeInvariant = ({ broken }) => {
  let unreported: LogEntry | null = null;
  let published = false;
  return {
    rest() {
      if (unreported) broken(6, 'something failed and the user got no error', unreported);
      unreported = null;
    },
    observe(entry) {
      if (entry.type === 'event' && entry.state !== 'ended' && isFailure(entry.event.type))
        unreported = entry;
      const message = publishedIn(entry);
      if (message?.type === 'error') {
        unreported = null;
        published = true;
      }
      if (message?.type !== 'reply.end') return;
      if (message.reason === 'failed' && !published)
        broken(6, `generation ${message.generation} failed and the user got no error`, entry);
      // An error during an interrupted reply may belong to the next one.
      if (message.reason !== 'interrupted') published = false;
    },
  };
};

function isFailure(eventType: string): boolean {
  // A speculation is invisible to the user: a failed one is requested again by the reply.
  if (eventType === 'xstate.error.actor.speculation') return false;
  return eventType.startsWith('xstate.error.') || eventType === 'ear.failed';
}
