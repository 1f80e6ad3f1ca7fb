/** The robot's body: whether it moves, and how loud that is. */
import type { SessionParameters } from '../../parameters.ts';
import { actionsOfReply } from '../actions/ends.ts';
import { lastingOf } from '../lasting/lasting.ts';
import type { MachineEvent, Reducer, SessionContext } from '../model.ts';

/** Quieter motors are not heard beside speech, which is at -30 to -20 dBFS at a usual level. */
export const QUIET_DBFS = -50;

/** Whether the client says so, or an action runs that moves the robot. */
export function moves(context: SessionContext, event: MachineEvent, parameters: SessionParameters): boolean {
  return (event.type === 'body' ? event.moving : context.body?.moving) || actionMoves(context, parameters);
}

function actionMoves(context: SessionContext, { actions: { moving = [] } }: SessionParameters): boolean {
  if (moving.length === 0) return false;
  return [...actionsOfReply(context), ...lastingOf(context)].some(({ name }) => moving.includes(name));
}

/** Whether motors are heard that could be taken for a user. */
export function isLoud(context: SessionContext, parameters: SessionParameters): boolean {
  const { moving, noise } = context.body ?? {};
  // The client measures the noise of the motors that it says move.
  return moving ? noise === undefined || noise >= QUIET_DBFS : actionMoves(context, parameters);
}

export const recordBody: Reducer = (_context, event) => {
  if (event.type !== 'body') return {};
  const { moving, noise } = event;
  return { patch: { body: { moving, ...(noise !== undefined && { noise }) } } };
};

export function raiseVadThreshold(parameters: SessionParameters): Reducer {
  return (context) => ({ effects: [{ type: 'ear', strict: isLoud(context, parameters) }] });
}

export const lowerVadThreshold: Reducer = () => ({ effects: [{ type: 'ear', strict: false }] });
