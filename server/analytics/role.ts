import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { RoleParts, WorkingRole } from '../outbox/roles.ts';
import { turnFacts } from './turn-facts.ts';

const DAY_MS = 86_400_000;

/** Keeps what is known of each turn, for reports, as long as sessions are kept (`journal.maxAgeDays`). */
export function analyticsRole(
  { analytics, config, log }: Pick<RoleParts, 'analytics' | 'config' | 'log'>,
  clock: Clock,
): WorkingRole {
  const { maxAgeDays } = config.journal;
  let timer: TimerHandle | undefined;

  /** Now and daily. */
  function prune(): void {
    timer = clock.setTimer(DAY_MS, prune);
    analytics
      .prune(new Date(Date.now() - maxAgeDays * DAY_MS).toISOString())
      .catch((error: unknown) => log.debug({ err: error }, 'old figures could not be deleted'));
  }

  if (maxAgeDays > 0) prune();
  return {
    handle: ({ id, body: { sessionId: session, turn, ts, payload } }) =>
      analytics.save({ id, session, turn, at: ts, facts: JSON.stringify(turnFacts.parse(payload)) }),
    close: async () => timer?.cancel(),
  };
}
