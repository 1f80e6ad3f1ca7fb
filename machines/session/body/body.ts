/** The robot's body: whether it moves, and how loud that is. */
import type { SessionParameters } from '../../parameters.ts';
import { actionsOfReply } from '../actions/ends.ts';
import type { SessionContext } from '../context.ts';
import type { MachineEvent, Reducer } from '../effects.ts';
import { lastingOf } from '../lasting/lasting.ts';

/** Whether the client says so, or an action runs that moves the robot. */
export function moves(
  context: SessionContext,
  event: MachineEvent,
  { actions: { moving = [] } }: SessionParameters,
): boolean {
  const reported = event.type === 'body' ? event.moving : context.body?.moving;
  if (reported || moving.length === 0) return reported ?? false;
  return [...actionsOfReply(context), ...lastingOf(context)].some(({ name }) => moving.includes(name));
}

export const noteBody: Reducer = (_context, event) => {
  if (event.type !== 'body') return {};
  const { moving, noise } = event;
  return { patch: { body: { moving, ...(noise !== undefined && { noise }) } } };
};
