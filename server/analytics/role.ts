import type { RoleParts, WorkingRole } from '../outbox/roles.ts';
import { turnFacts } from './turn-facts.ts';

/** Keeps what is known of each turn, for reports. */
export function analyticsRole({ analytics }: Pick<RoleParts, 'analytics'>): WorkingRole {
  return {
    handle: ({ id, body: { sessionId: session, turn, ts, payload } }) =>
      analytics.save({ id, session, turn, at: ts, facts: JSON.stringify(turnFacts.parse(payload)) }),
  };
}
