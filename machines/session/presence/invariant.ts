import type { MakeInvariant } from '../facts.ts';

const AT_REST = ['idle', 'stopped', 'ended'];

/** 29: while the client is away the session rests, and no frame leaves. */
export const presenceInvariant: MakeInvariant = ({ broken }) => {
  let away = false;
  return {
    observe(entry) {
      if (entry.type === 'frame' && away) broken(29, 'a frame left for a client that is away', entry);
      if (entry.type !== 'event') return;
      if (entry.event.type === 'away' || entry.event.type === 'resumed') away = true;
      if (entry.event.type === 'back') away = false;
      if (away && !AT_REST.includes(entry.state))
        broken(29, `the session is ${entry.state} for a client that is away`, entry);
    },
  };
};
