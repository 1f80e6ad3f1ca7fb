/** What the conversation does for the behaviour: it offers turns, says texts and runs actions. */
import type { SessionParameters } from '../../parameters.ts';
import { cancelLasting, publishAction } from '../actions/ends.ts';
import { actionRefusal, behavioursOwn, lifeOf, termsOf } from '../actions/policy.ts';
import { lastingOf, replacedBy, withLasting } from '../lasting/lasting.ts';
import type { Outcome, Reducer, RobotAction, SessionContext } from '../model.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { isServers, offerOf } from '../tools/offer.ts';
import { remember } from '../turn/history.ts';
import { pendingTurn } from '../turn/pending.ts';

/** Whether the turn in hand is offered to the behaviour: words of the user that have no reply yet. */
export function isOffered({ input, pending }: SessionContext): boolean {
  if (!input.behaviour || !pending || pending.phrase !== null || pending.text === '') return false;
  return pending.cause.type === 'turn' || pending.cause.type === 'typed';
}

/** A text without words of the user before it. */
export const beginSpeech: Reducer = ({ nowMs }, event) =>
  event.type === 'behaviour.say'
    ? {
        patch: {
          pending: pendingTurn({ type: 'behaviour', speech: event.speech }, nowMs, { phrase: event.text }),
        },
      }
    : {};

/** The behaviour's text is the reply to the turn that was offered. */
export const sayOffered: Reducer = (context, event) => {
  const { pending } = context;
  if (event.type !== 'behaviour.taken' || !pending || event.text === undefined) return {};
  const cause = { type: 'behaviour', speech: event.speech ?? '' } as const;
  return withoutSpeculation(context, { patch: { pending: { ...pending, phrase: event.text, cause } } });
};

/** The turn that was offered gets no reply. It uses up a generation, by which turns are stored. */
export function keepOffered(parameters: SessionParameters): Reducer {
  return (context) => {
    const { pending, nowMs: endedAtMs } = context;
    if (!pending) return {};
    const turn = pending.counted ? context.turn : context.turn + 1;
    const generation = context.lastGeneration + 1;
    const said = { user: pending.text, assistant: '' };
    const kept = { replyText: '', heard: '', reason: 'completed', timings: {}, endedAtMs } as const;
    return withoutSpeculation(context, {
      patch: {
        pending: null,
        turn,
        lastGeneration: generation,
        history: remember(context.history, said, parameters.history),
      },
      effects: [{ type: 'persist', turn: { turn, generation, userText: pending.text, ...kept } }],
    });
  };
}

/** Begins an action beside the replies, unless policy refuses it. */
export function beginBehaviourAction(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'behaviour.act') return {};
    const { id, name, args } = event;
    const action: RobotAction = {
      ...{ id, name, args, status: 'started', startedAtMs: context.nowMs, byBehaviour: true },
      ...(context.input.session !== undefined && { key: `${context.input.session}/${id}` }),
      ...(isServers({ name }, context) && { byServer: true }),
      ...lifeOfBehaviours(name, context, parameters),
    };
    if (behaviourRefusal(name, context, parameters))
      return { effects: [publishAction({ ...action, status: 'refused' }, 'refused')] };
    const replaced = cancelLasting(context, replacedBy(action, context), parameters);
    const run = withLasting({ ...context, ...replaced.patch }, action, parameters);
    return {
      patch: { ...replaced.patch, ...run.patch },
      effects: [...(replaced.effects ?? []), publishAction(action, 'started'), ...run.effects],
    };
  };
}

/** The operator may refuse an action of the behaviour, or have it asked about, which a behaviour cannot do yet. */
function behaviourRefusal(name: string, context: SessionContext, { actions }: SessionParameters): boolean {
  const offer = offerOf(context);
  const own = { tools: offer.tools ?? [] };
  const refused = actionRefusal(name, 0, behavioursOwn(actions), own, lastingOf(context).length);
  return refused !== undefined || termsOf(name, actions, offer).policy === 'ask';
}

/** It outlives every reply. By its own terms it may also outlive its state. */
function lifeOfBehaviours(name: string, context: SessionContext, parameters: SessionParameters) {
  return { lasting: 'finish', ...lifeOf(name, termsOf(name, parameters.actions, offerOf(context))) } as const;
}

/** Its state was left: unless its terms say that it goes on, it ends. */
export function leaveBehaviourAction(parameters: SessionParameters): Reducer {
  return (context, event): Outcome => {
    if (event.type !== 'behaviour.leave') return {};
    const action = lastingOf(context).find(({ id }) => id === event.id);
    const terms = action && termsOf(action.name, parameters.actions, offerOf(context));
    if (!action || (terms && lifeOf(action.name, terms).lasting)) return {};
    return cancelLasting(context, [action], parameters);
  };
}
