/** Robot actions that the reply requests. */

import { ERRORS, type ErrorCode, errorRecord, ParleyError } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import { failure, publishError, send } from '../effects.ts';
import { HALT_ACTION } from '../halt/halt.ts';
import { lastingOf, replacedBy, runMessage, withLasting } from '../lasting/lasting.ts';
import type { MachineEvent, Outcome, Reducer, RobotAction, SessionContext } from '../model.ts';
import { isServers, offerOf } from '../tools/offer.ts';
import { soFar, withOutcomes } from '../turn/history.ts';
import { allowedCalls } from '../turn/pending.ts';
import { deadlineMs, nextDeadlineMs } from './deadlines.ts';
import { actionsOfReply, cancelLasting, publishAction } from './ends.ts';
import { roundOf } from './follow-ups.ts';
import { type ActionRefusal, actionRefusal, lifeOf, termsOf } from './policy.ts';

export function startAction(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const action = requested(context, event);
    if (!action) return {};
    const why = refusal(context, action, parameters);
    if (why) return refuse(context, action, why);
    const invalid = invalidity(event);
    if (invalid !== undefined) return reject(context, action, invalid);
    const { policy } = termsOf(action.name, parameters.actions, offerOf(context));
    if (policy === 'ask')
      return { patch: added(context, { ...action, status: 'asked', startedAtMs: context.nowMs }) };
    return start(context, action, parameters);
  };
}

/** Begins the calls that the user has allowed, or refuses what is offered no more, and says so, also to the model: its history has them as asked about. */
export function startAllowed(parameters: SessionParameters): Reducer {
  return (context) => {
    let outcome: Required<Outcome> = { patch: {}, effects: [] };
    for (const { id, name, args, round, outdated } of allowedCalls(context.reply) ?? []) {
      const now = { ...context, ...outcome.patch };
      const call = { id, name, args, allowed: true, ...(round !== undefined && { round }) } as const;
      const why = refusal(now, call, parameters);
      const { patch, effects = [] } = why
        ? refuse(now, call, why)
        : outdated === undefined
          ? start(now, call, parameters)
          : reject(now, call, outdated);
      outcome = { patch: { ...outcome.patch, ...patch }, effects: [...outcome.effects, ...effects] };
    }
    const { reply, history = context.history } = outcome.patch;
    const answered = reply?.actions.filter(({ allowed }) => allowed) ?? [];
    return { ...outcome, patch: { ...outcome.patch, history: withOutcomes(history, answered.map(soFar)) } };
  };
}

/** Ends what it replaces, and begins. */
function start(context: SessionContext, requested: Requested, parameters: SessionParameters): Outcome {
  const { id, name, args, ...origin } = requested;
  const life = lifeOf(name, termsOf(name, parameters.actions, offerOf(context)));
  const replaced = cancelLasting(context, replacedBy({ name, ...life }, context), parameters);
  const now = { ...context, ...replaced.patch };
  const action: RobotAction = {
    ...{ id, name, args, status: 'started', startedAtMs: context.nowMs },
    ...keyOf(id, context),
    ...(isServers({ name }, context) && { byServer: true }),
    ...life,
    ...roundOf(context),
    ...origin,
  };
  const run = life.lasting
    ? withLasting(now, action, parameters)
    : { patch: {}, effects: [send('actions', runMessage(action))] };
  return {
    patch: { ...replaced.patch, ...added(now, action), ...run.patch },
    effects: [...(replaced.effects ?? []), publishAction(action, 'started'), ...run.effects],
  };
}

/** `<session>/<turn>/<call>`. */
function keyOf(id: string, { input, turn }: SessionContext): Pick<RobotAction, 'key'> {
  return input.session === undefined ? {} : { key: `${input.session}/${turn}/${id}` };
}

/** The executor has failed, so the action cannot run. */
export function refuseAction(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const action = requested(context, event);
    if (!action) return {};
    const why = refusal(context, action, parameters);
    const invalid = invalidity(event);
    if (!why && invalid !== undefined) return reject(context, action, invalid);
    return refuse(context, action, why ?? 'ACTION_FAILED');
  };
}

type Requested = Pick<RobotAction, 'id' | 'name' | 'args' | 'allowed' | 'round' | 'extra'>;

/** The action that the LLM requests; undefined if it requested it before. */
function requested({ reply }: SessionContext, event: MachineEvent): Requested | undefined {
  if (event.type !== 'llm.action' || reply?.actions.some(({ id }) => id === event.id)) return undefined;
  const { id, name, args, extra } = event;
  return { id, name, args, ...(extra && { extra }) };
}

/** Why the arguments of the requested action cannot be used; undefined if they can. */
function invalidity(event: MachineEvent): string | undefined {
  return event.type === 'llm.action' ? event.invalid : undefined;
}

function refusal(
  context: SessionContext,
  { name }: Requested,
  { actions }: SessionParameters,
): ActionRefusal | undefined {
  const { reply } = context;
  const started = reply?.actions.filter(wasStarted).length ?? 0;
  return actionRefusal(name, started, actions, offerOf(context), lastingOf(context).length);
}

/** Maximum refused actions per reply that are published to the client, besides those that the user has allowed. The journal has all. */
const MAX_REFUSALS = 16;

/** The call fails before it begins: the model and the client learn why, and nothing runs. */
function reject(
  context: SessionContext,
  { id, name, args, allowed, extra }: Requested,
  why: string,
): Outcome {
  const { reply } = context;
  if (!reply || reply.actions.filter(({ invalid }) => invalid).length >= MAX_REFUSALS) return {};
  const rejected: RobotAction = {
    ...{ id, name, args, status: 'failed', startedAtMs: context.nowMs },
    report: { status: 'failed', message: why },
    invalid: { at: reply.text.length },
    ...(allowed && { allowed }),
    ...(extra && { extra }),
  };
  const error = errorRecord(new ParleyError('ACTION_INVALID', `${name}: ${why}`), 'INTERNAL');
  return { patch: added(context, rejected), effects: [publishError(error)] };
}

function refuse(context: SessionContext, action: Requested, why: ErrorCode): Outcome {
  const { id, name, args, allowed, extra } = action;
  const refused = context.reply?.actions.filter(({ status }) => status === 'refused').length ?? 0;
  if (refused >= MAX_REFUSALS && !allowed) return {};
  const refusal: RobotAction = {
    ...{ id, name, args, status: 'refused', startedAtMs: context.nowMs },
    refusal: ERRORS[why],
    ...(allowed && { allowed }),
    ...(extra && { extra }),
  };
  return {
    patch: added(context, refusal),
    effects: [publishAction(refusal, 'refused'), publishError(failure(why))],
  };
}

function added({ reply }: SessionContext, action: RobotAction): Partial<SessionContext> {
  return reply ? { reply: { ...reply, actions: [...reply.actions, action] } } : {};
}

/** Time to the next deadline of the reply's actions, ms; `deadlines.actionMs` if none runs. */
export function replyDeadlineMs(context: SessionContext, parameters: SessionParameters): number {
  return nextDeadlineMs(actionsOfReply(context), context, parameters) ?? parameters.deadlines.actionMs;
}

/** True if the requested action would reach its deadline before those that run. */
export function endsFirst(
  context: SessionContext,
  event: MachineEvent,
  parameters: SessionParameters,
): boolean {
  const action = requested(context, event);
  if (!action || action.name === HALT_ACTION) return false;
  if (lifeOf(action.name, termsOf(action.name, parameters.actions, offerOf(context))).lasting) return false;
  return deadlineMs(action, context, parameters) < replyDeadlineMs(context, parameters);
}

export function actionRuns(context: SessionContext): boolean {
  return actionsOfReply(context).length > 0;
}

/** True if an action was started in this reply: that cannot be undone. */
export function hasActed(context: SessionContext): boolean {
  return context.reply?.actions.some(wasStarted) ?? false;
}

/** A refusal by the client comes after the start. */
export function wasStarted({ status, report, invalid }: RobotAction): boolean {
  return !invalid && status !== 'asked' && (status !== 'refused' || report !== undefined);
}
