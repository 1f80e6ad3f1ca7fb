import { aborted, pause } from '../../actors/cancellation.ts';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { Clock } from '../../machines/clock.ts';

export interface ClientActionOptions {
  readonly clock: Clock;
  /** Duration of each action in ms, by name; others count as done as soon as the client is notified. */
  readonly durationsMs?: ReadonlyMap<string, number | undefined>;
}

/**
 * Actions that the client executes. `action` messages notify it of starts and cancellations. If it does not report
 * results, an action counts as done when its duration is over.
 */
export function clientAction({ clock, durationsMs }: ClientActionOptions): ActionPort {
  return {
    run: async ({ name, reported }, signal) => {
      if (reported) return aborted(signal);
      await pause(clock, durationsMs?.get(name) ?? 0, signal);
      return null;
    },
  };
}
