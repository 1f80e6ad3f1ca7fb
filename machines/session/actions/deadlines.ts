/** Time limits of running actions. */
import { toMicroseconds } from '../../clock.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { RobotAction, SessionContext } from '../model.ts';
import { loops, waitsFor } from '../tools/loop.ts';
import { offerOf } from '../tools/offer.ts';
import { termsOf } from './policy.ts';

/**
 * Time limit of an action, ms, from its start or its last progress. One that may outlive its reply has `lastingActionMs`
 * unless the server runs it or a reply waits for it.
 */
export function deadlineMs(
  action: Pick<RobotAction, 'name'> & Partial<RobotAction>,
  context: SessionContext,
  parameters: SessionParameters,
): number {
  const { actions, deadlines } = parameters;
  const own = termsOf(action.name, actions, offerOf(context)).deadlineMs;
  if (own !== undefined) return own;
  if (!action.lasting || action.byServer || isAwaited(action, context, parameters)) return deadlines.actionMs;
  return deadlines.lastingActionMs === 0 ? Number.POSITIVE_INFINITY : deadlines.lastingActionMs;
}

/** Whether the reply in progress goes on only with the result of this action. */
function isAwaited(
  action: Partial<RobotAction>,
  context: SessionContext,
  parameters: SessionParameters,
): boolean {
  const { reply } = context;
  if (!loops(parameters) || !reply) return false;
  return reply.actions.some((one) => one.id === action.id && waitsFor(one, context, parameters));
}

function aliveAtMs({ startedAtMs, progressAtMs = startedAtMs }: RobotAction): number {
  return progressAtMs;
}

/** Time to the next deadline of these running actions, ms; null if there are none. */
export function nextDeadlineMs(
  running: readonly RobotAction[],
  context: SessionContext,
  parameters: SessionParameters,
): number | null {
  if (running.length === 0) return null;
  const leftMs = running.map((action) =>
    action.unreported
      ? (action.unreported.byMs ?? Number.POSITIVE_INFINITY) - context.nowMs
      : deadlineMs(action, context, parameters) - (context.nowMs - aliveAtMs(action)),
  );
  const dueMs = Math.max(0, Math.min(...leftMs));
  return dueMs === Number.POSITIVE_INFINITY ? null : dueMs;
}

/** Those of the running actions that have reached their deadline. */
export function overdueOf(
  running: readonly RobotAction[],
  context: SessionContext,
  parameters: SessionParameters,
): readonly RobotAction[] {
  const { nowMs } = context;
  return running.filter((action) =>
    action.unreported
      ? action.unreported.byMs !== null && toMicroseconds(nowMs - action.unreported.byMs) >= 0
      : toMicroseconds(nowMs - aliveAtMs(action)) >= deadlineMs(action, context, parameters),
  );
}
