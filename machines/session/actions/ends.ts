/** Ends of actions: of those that run in the reply, and of those that may outlive it. */
import { detailOf, errorRecord, ParleyError } from '../../errors.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { SessionParameters } from '../../parameters.ts';
import { type ActionReport, type ActionStatus, REPORTED_ENDS } from '../../wire.ts';
import { failure, publish, publishError, send } from '../effects.ts';
import { lastingOf, withoutLasting } from '../lasting/lasting.ts';
import type { Effect, MachineEvent, Outcome, Reducer, RobotAction, SessionContext } from '../model.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { loops } from '../tools/loop.ts';
import { outcomeOf, withOutcomes } from '../turn/history.ts';
import { nextDeadlineMs, overdueOf } from './deadlines.ts';
import { followUpsOf, type ToldByPort, withoutFollowUps } from './follow-ups.ts';

/** The running actions that end with the reply. */
export function actionsOfReply({ reply }: Pick<SessionContext, 'reply'>): readonly RobotAction[] {
  return reply?.actions.filter(({ status, lasting }) => status === 'started' && !lasting) ?? [];
}

export function recordActionDone(parameters: SessionParameters): Reducer {
  return (context, event) =>
    event.type === 'action.done'
      ? settle(context, event.id, { status: 'done' }, parameters, dataOf(event.result))
      : {};
}

export function recordActionFailed(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'action.failed') return {};
    const message = detailOf(event.error);
    const detail = message === '' ? {} : { message };
    const { patch, effects } = settle(context, event.id, { status: 'failed' }, parameters, detail);
    return patch && effects ? { patch, effects: [...effects, publishError(event.error)] } : {};
  };
}

/** True if the action runs and its client is expected to report its result. Of the server's own tools it is not believed. */
export function awaitsResult(context: SessionContext, event: MachineEvent): boolean {
  if (event.type !== 'action.result' || context.input.results !== true) return false;
  const action = runningAction(context, event.id);
  return action !== undefined && !action.byServer;
}

export function recordActionResult(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'action.result') return {};
    const { id, status, message, data } = event;
    const report = { status, ...(message !== undefined && { message }), ...(data && { data }) };
    const action = runningAction(context, id);
    if (action && status === 'progress') return progressed(context, action, report, parameters);
    return settle(context, id, { status, report }, parameters);
  };
}

/** Progress postpones the deadline of its action, and says that it still runs. */
function progressed(
  context: SessionContext,
  action: RobotAction,
  report: ActionReport,
  parameters: SessionParameters,
): Outcome {
  const { reply, nowMs, lasting } = context;
  const { unreported: _, ...reported } = action;
  const alive = (one: RobotAction) => (one.id === action.id ? { ...reported, progressAtMs: nowMs } : one);
  const patch: Partial<SessionContext> = {
    ...(reply && { reply: { ...reply, actions: reply.actions.map(alive) } }),
    ...(action.lasting && lasting && { lasting: { ...lasting, running: lasting.running.map(alive) } }),
  };
  const now = { ...context, ...patch };
  const dueMs = nextDeadlineMs(lastingOf(now), now, parameters);
  return {
    patch,
    effects: [
      publishAction(action, 'progress', report),
      ...(action.lasting ? [{ type: 'lasting.deadline', dueMs } as const] : []),
    ],
  };
}

/** A result that no action waits for: late, repeated, or of an unknown action. */
export const refuseActionResult: Reducer = (_context, event) =>
  event.type === 'action.result'
    ? {
        effects: [
          publishError(errorRecord(new ParleyError('ACTION_RESULT_UNEXPECTED', event.id), 'INTERNAL')),
        ],
      }
    : {};

/** Actions beyond their deadline have failed and are stopped; the others continue. */
export function failOverdueActions(parameters: SessionParameters): Reducer {
  return (context) => failOverdue(context, actionsOfReply(context), parameters);
}

/** The same for those that outlive their reply. A client that is back and does not report one has lost it. */
export function failOverdueLasting(parameters: SessionParameters): Reducer {
  return (context) => {
    const unreported = overdueOf(lastingOf(context), context, parameters).filter((one) => one.unreported);
    const lost = loseActions(context, unreported, parameters, 'client');
    const now = { ...context, ...lost.patch };
    const failed = failOverdue(now, lastingOf(now), parameters);
    return {
      patch: { ...lost.patch, ...failed.patch },
      effects: [...(lost.effects ?? []), ...(failed.effects ?? [])],
    };
  };
}

/** Their executor ended: the running actions have failed. */
export function failActions(parameters: SessionParameters): Reducer {
  return (context, event) => failAll(context, event, actionsOfReply(context), parameters);
}

export function failLasting(parameters: SessionParameters): Reducer {
  return (context, event) => failAll(context, event, lastingOf(context), parameters);
}

/** Ends lasting actions, on the robot first. */
export function cancelLasting(
  context: SessionContext,
  cancelled: readonly RobotAction[],
  parameters: SessionParameters,
): Outcome {
  return endAll(context, cancelled, { status: 'cancelled' }, parameters);
}

/** The voice stop and the end of the session leave nothing to do and nothing to say. */
export function dropLasting(parameters: SessionParameters): Reducer {
  return (context) => {
    const { patch, effects = [] } = cancelLasting(context, lastingOf(context), parameters);
    const { followUps, history } = context;
    const dropped = withoutFollowUps({ followUps, history: patch?.history ?? history }, parameters);
    return { patch: { ...patch, ...dropped }, effects };
  };
}

/** What of an action is not known, by who was lost. */
export const LOST = {
  server: 'the server was restarted: it may have been done',
  client: 'lost with the connection of the client: it may have been done',
  connection: 'stopped while it ran, because the connection of the client was lost: it may have been done',
} as const;

/**
 * What carried these out is gone: the server's process, or the client, or the server stopped its calls with the connection. They may have been done, and are not begun again. Of
 * the server's own calls and of a client's actions the user hears that, and so does the model.
 */
export function loseActions(
  context: SessionContext,
  actions: readonly RobotAction[],
  parameters: SessionParameters,
  lost: keyof typeof LOST = 'server',
): Outcome {
  const report = { status: 'failed', message: LOST[lost] } as const;
  const { patch, effects } = endAll(context, actions, { status: 'failed', report, lost: true }, parameters);
  const ours = actions.filter(({ byServer, byBehaviour }) => !byBehaviour && (byServer || lost !== 'server'));
  if (ours.length === 0) return { ...(patch && { patch }), ...(effects && { effects }) };
  const reports = ours.map((action) => ({
    outcome: outcomeOf({ ...action, status: 'failed', report, lost: true }),
    ...{ round: action.round ?? 0, lost },
  }));
  const others = (patch?.followUps ?? context.followUps ?? []).filter(
    ({ outcome }) => !ours.some(({ id }) => id === outcome.id),
  );
  return { patch: { ...patch, followUps: [...reports, ...others] }, effects: effects ?? [] };
}

function endAll(
  context: SessionContext,
  actions: readonly RobotAction[],
  how: HowEnded,
  parameters: SessionParameters,
): Outcome {
  if (actions.length === 0) return {};
  const { patch, effects } = end(context, endedAs(actions, how), parameters);
  return {
    patch,
    effects: [...effects, ...actions.map((action) => publishAction(action, how.status, how.report))],
  };
}

export function publishAction(
  { id, name, args, key, byServer, byBehaviour }: RobotAction,
  now: ActionStatus,
  { message }: Pick<ActionReport, 'message'> = {},
): Effect {
  return publish({
    ...{ type: 'action', id, name, args, status: now },
    ...(now === 'started' && key !== undefined && { key }),
    ...(now === 'started' && byServer && { runs: 'server' }),
    ...(byBehaviour && { origin: 'behaviour' }),
    ...(message === undefined ? {} : { message }),
  });
}

function dataOf(result: Json): ToldByPort {
  const isObject = typeof result === 'object' && result !== null && !Array.isArray(result);
  return isObject ? { data: result as JsonObject } : {};
}

function isReported(status: ActionStatus): status is (typeof REPORTED_ENDS)[number] {
  return REPORTED_ENDS.some((end) => end === status);
}

type HowEnded = Pick<RobotAction, 'report' | 'lost'> & { readonly status: ActionStatus };

function endedAs(actions: readonly RobotAction[], how: HowEnded): readonly RobotAction[] {
  return actions.map((action) => ({ ...action, ...how }));
}

function runningAction(context: SessionContext, id: string): RobotAction | undefined {
  return [...actionsOfReply(context), ...lastingOf(context)].find((one) => one.id === id);
}

function settle(
  context: SessionContext,
  id: string,
  how: HowEnded,
  parameters: SessionParameters,
  detail?: ToldByPort,
): Partial<ReturnType<typeof end>> {
  const action = runningAction(context, id);
  if (!action) return {};
  const { status } = how;
  // In the tool loop the model gets what the executor says as it gets a client's report.
  const kept =
    detail && loops(parameters) && isReported(status) ? { status, report: { status, ...detail } } : how;
  const { patch, effects } = end(context, endedAs([action], kept), parameters, detail);
  const { report } = how;
  // The executor of an action whose client reports its end still waits.
  const abandon = report && !action.lasting ? [send('actions', { type: 'abandon', id })] : [];
  return { patch, effects: [publishAction(action, status, report), ...abandon, ...effects] };
}

function failOverdue(
  context: SessionContext,
  running: readonly RobotAction[],
  parameters: SessionParameters,
): Outcome {
  const overdue = overdueOf(running, context, parameters);
  const { patch, effects } = end(context, endedAs(overdue, { status: 'failed' }), parameters);
  const publishes = overdue.flatMap((action) => [
    ...(action.lasting ? [] : [send('actions', { type: 'abandon', id: action.id })]),
    publishAction(action, 'failed'),
    publishError(failure('ACTION_TIMEOUT')),
  ]);
  return { patch, effects: [...effects, ...publishes] };
}

function failAll(
  context: SessionContext,
  event: MachineEvent,
  running: readonly RobotAction[],
  parameters: SessionParameters,
): Outcome {
  const { patch, effects = [] } = endAll(context, running, { status: 'failed' }, parameters);
  const error =
    event.type === 'xstate.error.actor.actions' || event.type === 'xstate.error.actor.lasting'
      ? event.error
      : failure('ACTION_FAILED');
  return { ...(patch && { patch }), effects: [...effects, publishError(error)] };
}

/**
 * Records the ends of actions: in the reply, in the history if they outlived it, and for a reply about them. The effects
 * stop what still runs for lasting ones.
 */
function end(
  context: SessionContext,
  ended: readonly RobotAction[],
  parameters: SessionParameters,
  detail?: ToldByPort,
): Required<Outcome> {
  const { reply, followUps = [] } = context;
  const changed = (one: RobotAction) => ended.find(({ id }) => id === one.id) ?? one;
  const due = followUpsOf(ended, context, parameters, detail);
  const patch: Partial<SessionContext> = {
    ...(reply && { reply: { ...reply, actions: reply.actions.map(changed) } }),
    ...(due.length > 0 && { followUps: [...followUps, ...due] }),
  };
  const lasting = ended.filter((action) => action.lasting);
  const remembered = ended.filter((action) => action.lasting || action.allowed);
  if (remembered.length === 0) return { patch, effects: [] };
  const rest = lasting.length > 0 ? withoutLasting(context, lasting, parameters) : { patch: {}, effects: [] };
  const history = withOutcomes(context.history, remembered.map(outcomeOf));
  const known = { patch: { ...patch, ...rest.patch }, effects: rest.effects };
  if (history === context.history) return known;
  // A speculation knows the old one.
  const { patch: dropped, effects = [] } = withoutSpeculation(context, known);
  return { patch: { ...dropped, history }, effects };
}
