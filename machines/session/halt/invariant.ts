import type { MakeInvariant } from '../facts.ts';
import { StopCheck } from './stop-check.ts';

/** 9 and 11: a stop takes effect in every state and in time, and only `rearm` or the end of the session leaves it. */
export const haltInvariant: MakeInvariant = ({ facts, broken }) => {
  const stop = new StopCheck();
  return {
    rest(entry) {
      const owed = entry === null ? stop.end() : undefined;
      if (owed) broken(11, owed, null);
    },
    observe(entry) {
      const late = stop.observe(entry);
      if (late) broken(11, late, entry);
      if (entry.type === 'frame' && facts.state === 'stopped') broken(9, 'a frame was sent stopped', entry);
      if (entry.type !== 'event' || entry.state === 'stopped' || entry.state === 'ended') return;
      const { event, state } = entry;
      if (event.type === 'halt' || event.type === 'stop.confirmed')
        broken(9, `voice stop led to ${state}`, entry);
      else if (facts.state === 'stopped' && event.type !== 'rearm')
        broken(9, `${event.type} ended the voice stop`, entry);
    },
  };
};
