/**
 * Speculation: while the endpoint delay runs, Parley prepares the reply to what the user seems to have said. If the turn
 * ends with these words, the reply takes the speculation over; if not, it is discarded and the client never sees it.
 */
import type { SessionParameters } from '../../parameters.ts';
import { isAmong, normaliseText, sameWords } from '../../policies/text.ts';
import { nextRandom } from '../../random.ts';
import { sleeps } from '../attention/attention.ts';
import type { ChildInputs } from '../commands.ts';
import { languageOf } from '../language/language.ts';
import type { Outcome, Reducer, SessionContext } from '../model.ts';
import { llmOffer, responds, voiceOf } from '../settings/in-force.ts';
import { completeness } from '../turn/endpointing.ts';
import { promptOf } from '../turn/history.ts';
import { isDueAnyway } from '../turn/pending.ts';
import { circumstancesOf, turnInHand, utteranceSettled, wordsSoFar } from '../turn/words.ts';

/** Returns whether to speculate on the words so far. */
export function maySpeculate(
  context: SessionContext,
  { speculation: options, words }: SessionParameters,
): boolean {
  const { speculation, speculations, utterance } = context;
  const language = languageOf(context);
  if (
    !options.enabled ||
    !responds(context) ||
    isDueAnyway(context.pending) ||
    context.question ||
    (sleeps(context) && !context.woken) ||
    speculation ||
    !utterance ||
    utteranceSettled(context)
  )
    return false;
  if (speculations.turn === turnInHand(context) && speculations.count >= options.maxPerTurn) return false;
  const text = wordsSoFar(context);
  return (
    normaliseText(utterance.partial, language) !== '' &&
    !isAmong(text, words.halt, language) &&
    !isAmong(utterance.partial, words.halt, language) &&
    completeness(text, language, words, circumstancesOf(context)) !== 'incomplete'
  );
}

/** How much longer the words must stay as they are before a speculation is worth it: not at all if they are plainly complete. */
export function steadyDelayMs(context: SessionContext, { speculation, words }: SessionParameters): number {
  if (completeness(wordsSoFar(context), languageOf(context), words, circumstancesOf(context)) === 'complete')
    return 0;
  const unchangedMs = context.nowMs - (context.utterance?.partialAtMs ?? context.nowMs);
  return Math.max(0, speculation.stableMs - unchangedMs);
}

export const startSpeculation: Reducer = (context) => {
  const turn = turnInHand(context);
  const generation = context.lastGeneration + 1;
  return {
    patch: {
      lastGeneration: generation,
      speculation: { generation, text: wordsSoFar(context), startedAtMs: context.nowMs },
      speculations: { turn, count: context.speculations.turn === turn ? context.speculations.count + 1 : 1 },
    },
    effects: [{ type: 'speculation.spawn' }],
  };
};

/** Uses the seed that the reply will have. */
export function speculationInput(context: SessionContext, looping: boolean): ChildInputs['speculation'] {
  const { speculation, input, history, random, known } = context;
  const text = speculation?.text ?? '';
  return {
    generation: speculation?.generation ?? 0,
    language: languageOf(context),
    voice: voiceOf(context, languageOf(context)),
    seed: nextRandom(random).value,
    text,
    recalls: input.memory,
    ...(known && { known }),
    ...(input.output === 'text' && { silent: true }),
    messages: promptOf(history, text),
    ...llmOffer(context, looping),
  };
}

/** Whether the current speculation, if any, answers these words. */
export function answers(context: SessionContext, text: string): boolean {
  const { speculation } = context;
  return speculation !== null && sameWords(speculation.text, text, languageOf(context));
}

/** Ends the current speculation, if any, before `outcome`. */
export function withoutSpeculation({ speculation }: SessionContext, outcome: Outcome): Outcome {
  if (!speculation) return outcome;
  return {
    patch: { ...outcome.patch, speculation: null },
    effects: [
      { type: 'speculation.stop' },
      { type: 'cancelWork', generation: speculation.generation },
      ...(outcome.effects ?? []),
    ],
  };
}

export const dropSpeculation: Reducer = (context) => withoutSpeculation(context, {});

/** The reply's own children have taken over the speculation. */
export const releaseSpeculation: Reducer = ({ speculation }) =>
  speculation ? { patch: { speculation: null }, effects: [{ type: 'speculation.stop' }] } : {};
