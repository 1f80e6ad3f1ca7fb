/** Robot actions of the reply. */
import { toMicroseconds } from '../../clock.ts';
import { type ErrorCode, errorRecord, ParleyError } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { ActionReport, ActionStatus } from '../../wire.ts';
import type { RobotAction, SessionContext } from '../context.ts';
import {
  type Effect,
  failure,
  type MachineEvent,
  type Outcome,
  publish,
  publishError,
  type Reducer,
  send,
} from '../effects.ts';
import { HALT_ACTION } from '../halt/halt.ts';
import type { ActionOutcome } from '../turn/history.ts';
import { type ActionRefusal, actionRefusal } from './policy.ts';

export function startAction(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const action = requested(context, event);
    if (!action) return {};
    const why = refusal(context, action, parameters);
    if (why) return refuse(context, action, why);
    const { id, name, args } = action;
    return add(context, action, 'started', send('actions', { type: 'run', id, name, args }));
  };
}

/** The executor has failed, so the action cannot run. */
export function refuseAction(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const action = requested(context, event);
    if (!action) return {};
    return refuse(context, action, refusal(context, action, parameters) ?? 'ACTION_FAILED');
  };
}

type Requested = Pick<RobotAction, 'id' | 'name' | 'args'>;

/** The action that the LLM requests; undefined if it requested it before. */
function requested({ reply }: SessionContext, event: MachineEvent): Requested | undefined {
  if (event.type !== 'llm.action' || reply?.actions.some(({ id }) => id === event.id)) return undefined;
  const { id, name, args } = event;
  return { id, name, args };
}

function refusal(
  { reply, settings }: SessionContext,
  { name }: Requested,
  { actions }: SessionParameters,
): ActionRefusal | undefined {
  const started = reply?.actions.filter(wasStarted).length ?? 0;
  return actionRefusal(name, started, actions, settings);
}

/** Maximum refused actions per reply that are published to the client. The journal has all. */
const MAX_REFUSALS = 16;

function refuse(context: SessionContext, action: Requested, why: ErrorCode): Outcome {
  const refused = context.reply?.actions.filter(({ status }) => status === 'refused').length ?? 0;
  if (refused >= MAX_REFUSALS) return {};
  return add(context, action, 'refused', publishError(failure(why)));
}

function add(
  context: SessionContext,
  { id, name, args }: Requested,
  status: 'started' | 'refused',
  then: Effect,
): Outcome {
  const { reply, nowMs } = context;
  if (!reply) return {};
  const action: RobotAction = { id, name, args, status, startedAtMs: nowMs };
  return {
    patch: { reply: { ...reply, actions: [...reply.actions, action] } },
    effects: [publishAction(action), then],
  };
}

export const noteActionDone: Reducer = (context, event) =>
  event.type === 'action.done' ? settle(context, event.id, 'done') : {};

export const noteActionFailed: Reducer = (context, event) => {
  if (event.type !== 'action.failed') return {};
  const { patch, effects } = settle(context, event.id, 'failed');
  return patch && effects ? { patch, effects: [...effects, publishError(event.error)] } : {};
};

/** True if the action runs and its client is expected to report its result. */
export function awaitsResult({ input, reply }: SessionContext, event: MachineEvent): boolean {
  if (event.type !== 'action.result' || input.results !== true) return false;
  return reply?.actions.some(({ id, status }) => id === event.id && status === 'started') ?? false;
}

export const noteActionResult: Reducer = (context, event) => {
  if (event.type !== 'action.result') return {};
  const { id, status, message, data } = event;
  const report = { status, ...(message !== undefined && { message }), ...(data && { data }) };
  const settled = settle(context, id, status, report);
  if (status === 'progress') return { effects: settled.effects ?? [] };
  return { ...settled, effects: [...(settled.effects ?? []), send('actions', { type: 'abandon', id })] };
};

/** A result that no action waits for: late, repeated, or of an unknown action. */
export const refuseActionResult: Reducer = (_context, event) =>
  event.type === 'action.result'
    ? {
        effects: [
          publishError(errorRecord(new ParleyError('ACTION_RESULT_UNEXPECTED', event.id), 'INTERNAL')),
        ],
      }
    : {};

/** The actions that were started, for the history. One that still runs ends with its reply. */
export function outcomesOf(actions: readonly RobotAction[]): readonly ActionOutcome[] {
  return actions.filter(wasStarted).map(({ id, name, args, status, report }) => ({
    ...{ id, name, args },
    result: { status: status === 'started' ? 'cancelled' : status, ...report },
  }));
}

/** Time limit of an action, ms. */
function deadlineMs({ name }: Pick<RobotAction, 'name'>, { actions, deadlines }: SessionParameters): number {
  const own = actions.deadlinesMs;
  return (own && Object.hasOwn(own, name) ? own[name] : undefined) ?? deadlines.actionMs;
}

/** Time to the next deadline of a running action, ms; `deadlines.actionMs` if none runs. */
export function nextDeadlineMs({ reply, nowMs }: SessionContext, parameters: SessionParameters): number {
  const running = reply?.actions.filter(({ status }) => status === 'started') ?? [];
  const leftMs = running.map((action) => deadlineMs(action, parameters) - (nowMs - action.startedAtMs));
  return leftMs.length === 0 ? parameters.deadlines.actionMs : Math.max(0, Math.min(...leftMs));
}

/** True if the requested action would reach its deadline before those that run. */
export function endsFirst(
  context: SessionContext,
  event: MachineEvent,
  parameters: SessionParameters,
): boolean {
  const action = requested(context, event);
  if (!action || action.name === HALT_ACTION) return false;
  return deadlineMs(action, parameters) < nextDeadlineMs(context, parameters);
}

/** Actions beyond their deadline have failed and are stopped; the others continue. */
export function failOverdueActions(parameters: SessionParameters): Reducer {
  return (context) => {
    const { reply } = context;
    if (!reply) return {};
    const overdue = reply.actions.filter(
      (action) =>
        action.status === 'started' &&
        toMicroseconds(context.nowMs - action.startedAtMs) >= deadlineMs(action, parameters),
    );
    return {
      patch: {
        reply: {
          ...reply,
          actions: reply.actions.map((one) => (overdue.includes(one) ? { ...one, status: 'failed' } : one)),
        },
      },
      effects: overdue.flatMap((action) => [
        send('actions', { type: 'abandon', id: action.id }),
        publishAction(action, 'failed'),
        publishError(failure('ACTION_TIMEOUT')),
      ]),
    };
  };
}

/** The executor ended: running actions have failed. */
export const failActions: Reducer = (context, event) => {
  const { reply } = context;
  if (!reply) return {};
  const running = reply.actions.filter((action) => action.status === 'started');
  const error = event.type === 'xstate.error.actor.actions' ? event.error : failure('ACTION_FAILED');
  return {
    patch: {
      reply: {
        ...reply,
        actions: reply.actions.map((action) =>
          action.status === 'started' ? { ...action, status: 'failed' } : action,
        ),
      },
    },
    effects: [...running.map((action) => publishAction(action, 'failed')), publishError(error)],
  };
};

export function actionRuns(context: SessionContext): boolean {
  return context.reply?.actions.some((action) => action.status === 'started') ?? false;
}

/** True if an action was started in this reply: that cannot be undone. */
export function hasActed(context: SessionContext): boolean {
  return context.reply?.actions.some(wasStarted) ?? false;
}

/** A refusal by the client comes after the start. */
export function wasStarted({ status, report }: RobotAction): boolean {
  return status !== 'refused' || report !== undefined;
}

export function publishAction(
  { id, name, args, status }: RobotAction,
  now: ActionStatus = status,
  { message }: Pick<ActionReport, 'message'> = {},
): Effect {
  return publish({
    ...{ type: 'action', id, name, args, status: now },
    ...(message === undefined ? {} : { message }),
  });
}

function settle(context: SessionContext, id: string, status: ActionStatus, report?: ActionReport): Outcome {
  const { reply } = context;
  const action = reply?.actions.find((one) => one.id === id && one.status === 'started');
  if (!reply || !action) return {};
  return {
    patch: {
      reply: {
        ...reply,
        actions: reply.actions.map((one) =>
          one === action ? { ...one, status, ...(report && { report }) } : one,
        ),
      },
    },
    effects: [publishAction(action, status, report)],
  };
}
