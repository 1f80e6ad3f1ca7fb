import { z } from 'zod';
import type { SharedStore } from '../../actors/ports/shared-store.ts';
import type { FlagSource } from '../flags/flags.ts';
import { flagOptions } from '../flags/options.ts';
import type { Logger } from '../log.ts';

const KEY = 'control:flags';
const percentages = z.record(z.string(), z.number());

/** Gives the flags that an operator sets to all servers, also to those that start later. */
export function shareFlags(store: SharedStore, flags: FlagSource, log: Logger): void {
  flags.onOperated = (shares) => {
    store
      .put(KEY, { ...shares })
      .catch((error) => log.warn({ err: error }, 'other servers do not get the flags'));
  };
  store.watch('control', (key, value) => {
    const given = percentages.safeParse(value);
    if (key !== KEY || !given.success) return;
    // A server of another version may lack some, or have more.
    const known = Object.entries(given.data).filter(([name]) => name in flags.shares);
    const shares = Object.fromEntries(known.map(([name, share]) => [name, `${share}%`]));
    const own = Object.fromEntries(Object.entries(flags.shares).map(([name, share]) => [name, `${share}%`]));
    const parsed = flagOptions.safeParse({ ...own, ...shares });
    if (!parsed.success || JSON.stringify(parsed.data) === JSON.stringify(flags.shares)) return;
    flags.set(parsed.data);
    log.info({ flags: parsed.data }, 'new sessions have these flags, which an operator has set');
  });
}
