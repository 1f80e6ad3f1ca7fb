/** From words to a turn, which the next reply answers. */

import type { SessionParameters } from '../../parameters.ts';
import type { EndReason } from '../../wire.ts';
import { isPlainlyUnlike } from '../attention/attention.ts';
import type { TurnOutcome } from '../commands.ts';
import { followed, inLanguage, phrasesOf } from '../language/language.ts';
import type { Reducer, SessionContext } from '../model.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { typedConsent } from '../tools/consent.ts';
import { beginTurn } from './begin-turn.ts';
import { newest, remember } from './history.ts';
import { isDueAnyway, pendingTurn } from './pending.ts';
import { turnInHand, utteranceSettled, wordsInHand } from './words.ts';

export function beginTypedTurn(parameters: SessionParameters): Reducer {
  const drop = dropPending(parameters);
  return (context, event) => {
    if (event.type !== 'text') return {};
    const { patch, effects } = drop(context, event);
    const pending = pendingTurn({ type: 'typed' }, context.nowMs, {
      text: event.text.trim(),
      ...typedConsent(event.text, context, parameters),
    });
    const language = followed(event.language, context, parameters.languages);
    return {
      patch: { ...patch, pending, ...inLanguage(language, context) },
      ...(effects ? { effects } : {}),
    };
  };
}

/** The client's history replaces ours. A speculation knows the old one. */
export function setHistory(parameters: SessionParameters): Reducer {
  return (context, event) =>
    event.type === 'history'
      ? withoutSpeculation(context, {
          patch: { history: newest(event.entries, parameters.history.maxMessages) },
        })
      : {};
}

/** The current words get no reply. If they already counted as a turn, they stay in the history. */
export function dropPending(parameters: SessionParameters): Reducer {
  return (context) => {
    const { pending, turn, generation, history } = context;
    if (!pending) return {};
    if (!pending.counted || pending.text === '') return { patch: { pending: null } };
    const said = { user: pending.text, assistant: '' };
    return {
      patch: { pending: null, history: remember(history, said, parameters.history) },
      effects: [
        { type: 'persist', turn: unanswered(context, turn, generation, pending.text, 'interrupted') },
      ],
    };
  };
}

function spokeMs(context: SessionContext): number {
  const { utterance } = context;
  return utterance ? (utterance.endedAtMs ?? context.nowMs) - utterance.startedAtMs : 0;
}

/** Noise: no turn. */
export function saidNothing(context: SessionContext, parameters: SessionParameters): boolean {
  if (!utteranceSettled(context) || context.utterance?.failure || isDueAnyway(context.pending)) return false;
  return (
    wordsInHand(context) === '' &&
    (spokeMs(context) < parameters.endpointing.notUnderstoodMs ||
      phrasesOf(context, parameters).notUnderstood === '' ||
      isPlainlyUnlike(context, parameters))
  );
}

/** The utterance becomes a turn without a reply. It uses up a generation, by which turns are stored. */
export function keepTurn(parameters: SessionParameters): Reducer {
  const take = beginTurn(parameters);
  return (context, event) => {
    const { patch, effects = [] } = take(context, event);
    const said = { ...context, ...patch };
    const user = said.pending?.text ?? '';
    const turn = turnInHand(said);
    const generation = context.lastGeneration + 1;
    if (user === '') return { patch: { ...patch, pending: null, turn }, effects };
    return {
      patch: {
        ...patch,
        pending: null,
        turn,
        lastGeneration: generation,
        history: remember(context.history, { user, assistant: '' }, parameters.history),
      },
      effects: [...effects, { type: 'persist', turn: unanswered(said, turn, generation, user, 'completed') }],
    };
  };
}

function unanswered(
  { nowMs: endedAtMs }: SessionContext,
  turn: number,
  generation: number,
  userText: string,
  reason: EndReason,
): TurnOutcome {
  return { turn, generation, userText, replyText: '', heard: '', reason, timings: {}, endedAtMs };
}
