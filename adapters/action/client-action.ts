import type { ActionPort } from '../../actors/ports/action.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';

export interface ClientActionOptions {
  readonly clock: Clock;
  /** How long each action takes, in ms, by name; the others count as done as soon as the client is told. */
  readonly durationsMs?: ReadonlyMap<string, number | undefined>;
}

/**
 * Actions that the client itself does: the `action` messages tell it when one starts and when it is cancelled, and
 * the protocol has no way back, so an action counts as done when its time is over.
 */
export function clientAction({ clock, durationsMs }: ClientActionOptions): ActionPort {
  return {
    run: ({ name }, signal) =>
      new Promise((resolve, reject) => {
        const cancel = () => {
          timer.cancel();
          reject(new ParleyError('CANCELLED'));
        };
        const timer = clock.setTimer(durationsMs?.get(name) ?? 0, () => {
          signal.removeEventListener('abort', cancel);
          resolve(null);
        });
        if (signal.aborted) cancel();
        else signal.addEventListener('abort', cancel, { once: true });
      }),
  };
}
