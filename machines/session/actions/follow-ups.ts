/** Replies about the results of actions: "I could not move: something is in the way". */

import type { SessionParameters } from '../../parameters.ts';
import type { ActionReport } from '../../wire.ts';
import { phrasesOf } from '../language/language.ts';
import type { FollowUp, Message, Reducer, RobotAction, SessionContext } from '../model.ts';
import { responds } from '../settings/in-force.ts';
import { loops, resultsOf, roundsBefore, tellsItself, waitsFor } from '../tools/loop.ts';
import { isServers } from '../tools/offer.ts';
import { outcomeOf } from '../turn/history.ts';
import { pendingTurn } from '../turn/pending.ts';

export type ToldByPort = Pick<ActionReport, 'message' | 'data'>;

/** Without the tool loop, a language engine that answers each result with an action must come to an end. */
const MAX_ROUNDS = 3;

/**
 * Those of the ended actions that get a reply. A language model speaks about what a client reports (`*`), and a client that
 * declares a tool without reporting results speaks about it itself. `detail`: what the robot's own port says of it.
 */
export function followUpsOf(
  ended: readonly RobotAction[],
  context: SessionContext,
  parameters: SessionParameters,
  detail: ToldByPort = {},
): readonly FollowUp[] {
  return ended
    .filter((action) => isTold(action, context, parameters) && !tellsItself(context, action, parameters))
    .map((action) => {
      const { result, ...outcome } = outcomeOf(action);
      return { outcome: { ...outcome, result: { ...result, ...detail } }, round: action.round ?? 0 };
    });
}

/** Whether a reply is to be about this end of an action. */
function isTold(action: RobotAction, context: SessionContext, parameters: SessionParameters): boolean {
  const { actions } = parameters;
  const { name, status, round = 0 } = action;
  if (action.byBehaviour) return false;
  const { followUps = {}, rounds = MAX_ROUNDS } = actions;
  const returns = context.input.results || isServers(action, context);
  if (!returns && context.settings?.tools?.some((tool) => tool.name === name)) return false;
  const ends = followUps[name] ?? (returns ? followUps['*'] : undefined);
  // The model learns nothing in the last round of a call that it does not wait for.
  const outlives = action.lasting !== undefined && !waitsFor(action, context, parameters);
  return round < (outlives ? rounds + 1 : rounds) && (ends?.some((end) => end === status) ?? false);
}

/**
 * Results in an interrupted reply of which nothing was heard since, for the next reply. `heard`: length of the reply's
 * text that was heard.
 */
export function undeliveredResults(
  context: SessionContext,
  heard: number,
  parameters: SessionParameters,
): readonly FollowUp[] {
  const { reply, followUps = [] } = context;
  if (!reply || !loops(parameters)) return [];
  return reply.actions
    .filter((action, index) => {
      const round = reply.rounds?.find(({ actions }) => index < actions);
      if (round && heard > round.text) return false;
      if (followUps.some(({ outcome }) => outcome.id === action.id)) return false;
      const ended = action.status === 'done' || action.status === 'failed' || action.report;
      const inRound = round && isTold(action, context, parameters);
      return ended && (inRound || waitsFor(action, context, parameters));
    })
    .map((action) => ({ outcome: outcomeOf(action), round: action.round ?? 0 }));
}

/** Without those that the model gets now: in the reply's own rounds, or in the history of a turn of the user. */
export function withoutDelivered(
  context: SessionContext,
  parameters: SessionParameters,
): Pick<SessionContext, 'followUps'> {
  const { followUps, reply, history } = context;
  const asked = reply?.rounds ? resultsOf(reply) : [];
  const inTurn = loops(parameters) && reply?.userText;
  const left = followUps?.filter(
    (one) =>
      one.lost ||
      (!asked.some(({ id }) => id === one.outcome.id) &&
        (!inTurn || hasOwnReply(one, parameters) || !isIn(history, one))),
  );
  if (!followUps || left?.length === followUps.length) return {};
  return { followUps: left?.length ? left : undefined };
}

export function hasFollowUp(context: SessionContext): boolean {
  return context.followUps !== undefined && responds(context);
}

/** The next reply is about the results that wait. Those that are not known come first, in Parley's own words. */
export function beginFollowUps(parameters: SessionParameters): Reducer {
  return (context) => {
    const { followUps, nowMs } = context;
    if (!followUps) return {};
    const by = followUps.find((one) => one.lost)?.lost;
    const lost = followUps.filter((one) => by !== undefined && one.lost === by);
    const { maybeDone, actionLost } = phrasesOf(context, parameters);
    const names = lost.map(({ outcome }) => outcome.name);
    const phrase = withNames(by === 'server' ? maybeDone : actionLost, names);
    const taken = phrase === null ? followUps : lost;
    const later = followUps.filter((one) => !taken.includes(one));
    return {
      patch: {
        followUps: later.length > 0 ? later : undefined,
        pending: pendingTurn({ type: 'followUp', results: taken }, nowMs, { phrase }),
      },
    };
  };
}

/** A phrase about these actions; null if it is empty or there are none. */
export function withNames(phrase: string | undefined, names: readonly string[]): string | null {
  if (!phrase || names.length === 0) return null;
  const spoken = names.map((name) => name.replaceAll(/[_.-]+/gu, ' ')).join(', ');
  return phrase.replaceAll('{action}', () => spoken);
}

export function dropFollowUps(parameters: SessionParameters): Reducer {
  return (context) => ({ patch: withoutFollowUps(context, parameters) });
}

/** Nothing that waits gets a reply of its own any more. A result that the history lost with its call comes back to it. */
export function withoutFollowUps(
  { followUps, history }: Pick<SessionContext, 'followUps' | 'history'>,
  parameters: SessionParameters,
): Partial<SessionContext> {
  if (!followUps) return {};
  const lost = loops(parameters) ? followUps.filter((one) => !isIn(history, one)) : [];
  if (lost.length === 0) return { followUps: undefined };
  const actions = lost.map(({ outcome }) => outcome);
  return { followUps: undefined, history: [...history, { role: 'assistant', content: '', actions }] };
}

function isIn(history: readonly Message[], { outcome }: FollowUp): boolean {
  return history.some(({ actions }) => actions?.some(({ id }) => id === outcome.id));
}

/** What the parameters name gets a reply of its own, whatever the user says meanwhile. */
function hasOwnReply({ outcome }: FollowUp, { actions }: SessionParameters): boolean {
  return Object.hasOwn(actions.followUps ?? {}, outcome.name);
}

/** The rounds of the actions that this reply starts. */
export function roundOf(context: Pick<SessionContext, 'reply'>): { readonly round?: number } {
  const round = roundsBefore(context);
  return round > 0 ? { round } : {};
}

/**
 * What a turn of the user leaves to deliver: a language model knows the results in its history, and what `*` stands for is
 * part of it. With the tool loop they wait until it is asked (`withoutDelivered`).
 */
export function undeliveredFollowUps(
  { followUps, pending }: Pick<SessionContext, 'followUps' | 'pending'>,
  parameters: SessionParameters,
): Pick<SessionContext, 'followUps'> {
  if (!followUps || pending?.text === '' || loops(parameters)) return {};
  const left = followUps.filter((one) => hasOwnReply(one, parameters));
  return { followUps: left.length > 0 ? left : undefined };
}
