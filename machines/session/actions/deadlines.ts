/** Time limits of running actions. */
import { toMicroseconds } from '../../clock.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { RobotAction, SessionContext } from '../context.ts';
import { offerOf } from '../tools/offer.ts';
import { termsOf } from './policy.ts';

/** Time limit of an action, ms. */
export function deadlineMs(
  { name }: Pick<RobotAction, 'name'>,
  context: Pick<SessionContext, 'settings' | 'tools'>,
  { actions, deadlines }: SessionParameters,
): number {
  return termsOf(name, actions, offerOf(context)).deadlineMs ?? deadlines.actionMs;
}

/** Time to the next deadline of these running actions, ms; null if there are none. */
export function nextDeadlineMs(
  running: readonly RobotAction[],
  context: SessionContext,
  parameters: SessionParameters,
): number | null {
  if (running.length === 0) return null;
  const leftMs = running.map(
    (action) => deadlineMs(action, context, parameters) - (context.nowMs - action.startedAtMs),
  );
  return Math.max(0, Math.min(...leftMs));
}

/** Those of the running actions that have reached their deadline. */
export function overdueOf(
  running: readonly RobotAction[],
  context: SessionContext,
  parameters: SessionParameters,
): readonly RobotAction[] {
  return running.filter(
    (action) => toMicroseconds(context.nowMs - action.startedAtMs) >= deadlineMs(action, context, parameters),
  );
}
