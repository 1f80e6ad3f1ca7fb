import { delayName } from '../../kernel.ts';
import type { MakeInvariant } from '../facts.ts';
import { SUSPICION_MS } from './stop-lane.ts';

/**
 * 24: while a stop is suspected no frame leaves and no action begins, and after 500 ms at most it is in force or refuted. A
 * confirmed one is in force at once (9, 11).
 */
export const suspicionInvariant: MakeInvariant = ({ broken }) => {
  let heldAtMs: number | null = null;
  return {
    observe(entry) {
      if (heldAtMs !== null && entry.type === 'frame' && entry.atMs > heldAtMs)
        broken(24, `frame ${entry.seq} was sent while a stop was suspected`, entry);
      if (heldAtMs !== null && entry.type === 'action.start' && entry.atMs > heldAtMs)
        broken(24, `action ${entry.id} began while a stop was suspected`, entry);
      if (entry.type !== 'event') return;
      const { event, state, atMs } = entry;
      const over =
        state === 'stopped' ||
        state === 'ended' ||
        event.type === 'stop.refuted' ||
        delayName(event.type) === 'suspicion';
      if (heldAtMs !== null && atMs > heldAtMs + SUSPICION_MS)
        broken(24, `a stop was suspected for ${atMs - heldAtMs} ms`, entry);
      if (over) heldAtMs = null;
      else if (event.type === 'stop.suspected') heldAtMs ??= atMs;
    },
  };
};
