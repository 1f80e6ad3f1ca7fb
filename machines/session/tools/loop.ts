/**
 * The tool loop: the calls of a reply run while it speaks, and the language engine goes on with their results in the same
 * reply. A round is one request to the engine and the calls that it asked for.
 */

import type { SessionParameters } from '../../parameters.ts';
import { termsOf } from '../actions/policy.ts';
import type { ActionOutcome, Message, Reply, RobotAction, Round, SessionContext } from '../model.ts';
import { outcomeOf, soFar } from '../turn/history.ts';
import { followUpsIn } from '../turn/pending.ts';
import { isServers, offerOf } from './offer.ts';

type InForce = Pick<SessionContext, 'input' | 'settings' | 'tools'>;

export function loops({ actions }: Pick<SessionParameters, 'actions'>): boolean {
  return (actions.rounds ?? 0) > 0;
}

/** Whether the model goes on only when the result of this action is known. */
export function waitsFor(action: RobotAction, context: InForce, { actions }: SessionParameters): boolean {
  const returns = context.input.results || isServers(action, context);
  const { whenInterrupted = 'cancel' } = termsOf(action.name, actions, offerOf(context));
  return returns && (whenInterrupted === 'cancel' || whenInterrupted === 'finish');
}

/** A tool of a client that does not report results: the client speaks about it itself. */
function isClients(action: RobotAction, context: InForce): boolean {
  if (context.input.results || isServers(action, context)) return false;
  return context.settings?.tools?.some(({ name }) => name === action.name) ?? false;
}

/** Number of rounds that led to the present one, those of earlier replies about results included. */
export function roundsBefore({ reply }: Pick<SessionContext, 'reply'>): number {
  const earlier = followUpsIn(reply)?.map(({ round }) => round + 1) ?? [];
  return Math.max(0, ...earlier) + (reply?.rounds?.length ?? 0);
}

/** Whether the calls of the round that has just ended are followed by another round. Not before the user has answered. */
export function hasNextToolRound(context: SessionContext, parameters: SessionParameters): boolean {
  const { reply } = context;
  if (!reply || roundsBefore(context) >= (parameters.actions.rounds ?? 0)) return false;
  if (reply.actions.some(({ status }) => status === 'asked')) return false;
  const calls = reply.actions.slice(reply.rounds?.at(-1)?.actions ?? 0);
  return calls.some((action) => action.invalid || !isClients(action, context));
}

/** Whether a call runs whose result the next round waits for. */
export function awaitsResults(context: SessionContext, parameters: SessionParameters): boolean {
  const { reply } = context;
  return (
    reply?.actions.some((action) => action.status === 'started' && waitsFor(action, context, parameters)) ??
    false
  );
}

/** Whether the reply in progress delivers the result of this action to the model, so that nothing else has to. */
export function tellsItself(
  context: SessionContext,
  { id }: Pick<RobotAction, 'id'>,
  parameters: SessionParameters,
): boolean {
  const { reply } = context;
  if (!loops(parameters) || !reply || reply.complete) return false;
  return reply.actions.some((one) => one.id === id && waitsFor(one, context, parameters));
}

/** The rounds of the reply so far, as the model gets them. */
export function roundMessages({ rounds, actions, text }: Reply): readonly Message[] {
  return parts(rounds ?? [], text, (from, to) => ownCalls(actions, from, to).map(soFar));
}

/** Results of the last round. */
export function resultsOf({ rounds = [], actions }: Reply): readonly ActionOutcome[] {
  return actions.slice(rounds.at(-2)?.actions ?? 0, rounds.at(-1)?.actions).map(soFar);
}

/** The reply as the history keeps it: what was heard of each round, with its calls. */
export function heardRounds({ rounds = [], actions, text }: Reply, heard: string): readonly Message[] {
  const all = [...rounds, { actions: actions.length, text: text.length }];
  // Heard text begins with the first word.
  const said = ' '.repeat(text.length - text.trimStart().length) + heard;
  return parts(all, said, (from, to) => ownCalls(actions, from, to).map(outcomeOf));
}

/** Those that the reply requested itself: of the others the history knows. */
function ownCalls(actions: readonly RobotAction[], from: number, to: number): readonly RobotAction[] {
  return actions.slice(from, to).filter(({ allowed }) => !allowed);
}

function parts(
  rounds: readonly Round[],
  said: string,
  outcomes: (from: number, to: number) => NonNullable<Message['actions']>,
): readonly Message[] {
  return rounds.flatMap((round, index) => {
    const { actions: from, text: start } = rounds[index - 1] ?? { actions: 0, text: 0 };
    const content = said.slice(start, round.text).trim();
    const actions = outcomes(from, round.actions);
    if (content === '' && actions.length === 0) return [];
    return [{ role: 'assistant' as const, content, ...(actions.length > 0 && { actions }) }];
  });
}
