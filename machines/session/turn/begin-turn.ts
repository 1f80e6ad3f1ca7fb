/** The words of an utterance become a turn. */
import type { SessionParameters } from '../../parameters.ts';
import { publish } from '../effects.ts';
import { inLanguage, phrasesOf } from '../language/language.ts';
import type { Outcome, PendingTurn, Reducer, SessionContext } from '../model.ts';
import { answers, withoutSpeculation } from '../speculation/speculation.ts';
import { isDueAnyway } from './pending.ts';
import { turnInHand, wordsInHand } from './words.ts';

/** The utterance becomes the turn that waits for its reply. */
export function beginTurn(parameters: SessionParameters): Reducer {
  return (context) => {
    const { utterance, pending } = context;
    if (!utterance) return {};
    const text = wordsInHand(context);
    const counted = pending?.counted ?? false;
    const decidedAtMs = utterance.decidedAtMs ?? context.nowMs;
    const endedAtMs = utterance.endedAtMs ?? decidedAtMs;
    const unheard = text === '' && !isDueAnyway(pending);
    const failed = unheard ? utterance.failure : null;
    const { sttFailed, notUnderstood } = phrasesOf(context, parameters);
    // A text of the behaviour waits for the floor again.
    const kept = pending?.cause.type === 'behaviour' ? undefined : pending?.cause;
    const cause = kept ?? { type: 'turn' };
    const said = text === '' && cause.type === 'say' ? cause.text : null;
    const phrase = unheard ? (failed ? sttFailed : notUnderstood) : said;
    const taken: Outcome = {
      patch: {
        utterance: null,
        ...(text !== '' && inLanguage(utterance.language, context)),
        pending: {
          text,
          counted,
          phrase,
          failure: failed,
          endpointMs: decidedAtMs - endedAtMs,
          sttMs: context.nowMs - decidedAtMs,
          endedAtMs,
          cause,
        },
      },
      effects: [
        { type: 'stt.stop' },
        publish({
          type: 'transcript',
          turn: turnInHand(context),
          text,
          final: true,
          ...(utterance.final?.language === undefined ? {} : { language: utterance.final.language }),
          ...(utterance.final?.confidence === undefined ? {} : { confidence: utterance.final.confidence }),
          ...(text !== '' || utterance.final?.rejected === undefined
            ? {}
            : { rejected: utterance.final.rejected }),
          ...(utterance.final?.words === undefined ? {} : { words: utterance.final.words }),
        }),
      ],
    };
    return answers(context, text) ? taken : withoutSpeculation(context, taken);
  };
}

/** The utterance is taken as a turn with other words. */
export function taken(
  context: SessionContext,
  event: Parameters<Reducer>[1],
  parameters: SessionParameters,
  change: Partial<PendingTurn>,
): Outcome {
  const outcome = beginTurn(parameters)(context, event);
  const { patch } = outcome;
  if (!patch?.pending) return {};
  const taken = { ...outcome, patch: { ...patch, pending: { ...patch.pending, ...change } } };
  // A speculation for the words as they were heard.
  return 'speculation' in patch ? taken : withoutSpeculation(context, taken);
}
