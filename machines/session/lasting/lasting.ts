/**
 * Actions that may outlive their reply. Neither a barge-in nor the next turn ends them: only their result, their deadline,
 * with `replace` a newer action of their group, the voice stop, and the end of the session.
 */
import type { SessionParameters } from '../../parameters.ts';
import { nextDeadlineMs } from '../actions/deadlines.ts';
import type { ChildMessage } from '../commands.ts';
import { send } from '../effects.ts';
import type { Effect, Outcome, RobotAction, SessionContext } from '../model.ts';

const NONE: readonly RobotAction[] = [];

export function lastingOf({ lasting }: Pick<SessionContext, 'lasting'>): readonly RobotAction[] {
  return lasting?.running ?? NONE;
}

/** Those that a newer action ends. */
export function replacedBy(
  { name, group = name }: Pick<RobotAction, 'name' | 'group'>,
  context: SessionContext,
) {
  return lastingOf(context).filter((one) => one.lasting === 'replace' && one.group === group);
}

/** Has their executor run one more; the first one starts it. */
export function withLasting(
  context: SessionContext,
  action: RobotAction,
  parameters: SessionParameters,
): Required<Outcome> {
  const before = lastingOf(context);
  const { executors = 0 } = context.lasting ?? {};
  return changed(context, [...before, action], executors + (before.length === 0 ? 1 : 0), parameters, [
    ...(before.length === 0 ? [{ type: 'lasting.spawn' } as const] : []),
    send('lasting', runMessage(action)),
  ]);
}

/** To the executor. */
export function runMessage({ id, name, args, key }: RobotAction): ChildMessage {
  return { type: 'run', id, name, args, ...(key !== undefined && { key }) };
}

/** Stops these; with the last one their executor. */
export function withoutLasting(
  context: SessionContext,
  ended: readonly RobotAction[],
  parameters: SessionParameters,
): Required<Outcome> {
  const rest = lastingOf(context).filter(({ id }) => !ended.some((one) => one.id === id));
  const { executors = 0 } = context.lasting ?? {};
  return changed(
    context,
    rest,
    executors,
    parameters,
    rest.length === 0
      ? [{ type: 'lasting.stop' }]
      : ended.map(({ id }) => send('lasting', { type: 'abandon', id })),
  );
}

/** The same actions with other facts about them. */
export function withTheseLasting(
  context: SessionContext,
  running: readonly RobotAction[],
  parameters: SessionParameters,
): Required<Outcome> {
  return changed(context, running, context.lasting?.executors ?? 0, parameters, []);
}

/** A new executor for those that run elsewhere, in the place of one that is gone. It begins none of them again. */
export function againLasting(context: SessionContext, parameters: SessionParameters): Outcome {
  const running = lastingOf(context);
  if (running.length === 0) return {};
  const { executors = 0 } = context.lasting ?? {};
  return changed(context, running, executors + 1, parameters, [
    { type: 'lasting.stop' },
    { type: 'lasting.spawn' },
  ]);
}

function changed(
  context: SessionContext,
  running: readonly RobotAction[],
  executors: number,
  parameters: SessionParameters,
  effects: readonly Effect[],
): Required<Outcome> {
  return {
    patch: { lasting: { executors, running } },
    effects: [...effects, { type: 'lasting.deadline', dueMs: nextDeadlineMs(running, context, parameters) }],
  };
}
