/**
 * Preparing early: while the endpoint delay runs, the reply to what the user seems to have said is drafted. If the turn
 * ends with these words the reply takes the draft over; if not it is discarded, and nobody has noticed.
 */
import type { SessionParameters } from '../parameters.ts';
import { completeness } from '../policies/endpointing.ts';
import { isAmong, normaliseWords } from '../policies/text.ts';
import { nextRandom } from '../random.ts';
import type { ChildInputs } from './commands.ts';
import type { SessionContext } from './context.ts';
import type { Outcome, Reducer } from './effects.ts';
import { promptOf } from './prompt.ts';
import { turnInHand, utteranceSettled, wordsSoFar } from './words-in-hand.ts';

/** Whether a reply to the words so far is worth being prepared. */
export function mayDraft(context: SessionContext, { speculation, words }: SessionParameters): boolean {
  const { draft, drafts, utterance, input } = context;
  if (!speculation.enabled || draft || !utterance || utteranceSettled(context)) return false;
  if (drafts.turn === turnInHand(context) && drafts.count >= speculation.maxPerTurn) return false;
  const text = wordsSoFar(context);
  return (
    normaliseWords(utterance.partial) !== '' &&
    !isAmong(text, words.estop) &&
    !isAmong(utterance.partial, words.estop) &&
    completeness(text, input.language, words) !== 'incomplete'
  );
}

/** How much longer the words must stay as they are before a draft is worth it: not at all if they are plainly complete. */
export function steadyDelayMs(context: SessionContext, { speculation, words }: SessionParameters): number {
  if (completeness(wordsSoFar(context), context.input.language, words) === 'complete') return 0;
  const unchangedMs = context.nowMs - (context.utterance?.partialAtMs ?? context.nowMs);
  return Math.max(0, speculation.stableMs - unchangedMs);
}

export const startDraft: Reducer = (context) => {
  const turn = turnInHand(context);
  const generation = context.spent + 1;
  return {
    patch: {
      spent: generation,
      draft: { generation, text: wordsSoFar(context), startedAtMs: context.nowMs },
      drafts: { turn, count: context.drafts.turn === turn ? context.drafts.count + 1 : 1 },
    },
    effects: [{ type: 'draft.spawn' }],
  };
};

/** With the seed that the reply will have. */
export function draftInput(context: SessionContext): ChildInputs['draft'] {
  const { draft, input, history, random } = context;
  const text = draft?.text ?? '';
  return {
    generation: draft?.generation ?? 0,
    language: input.language,
    voice: input.voice ?? null,
    seed: nextRandom(random).value,
    text,
    recalls: input.memory,
    messages: promptOf(history, text),
  };
}

/** Whether the draft, if there is one, answers these words. */
export function answers({ draft }: SessionContext, text: string): boolean {
  return draft !== null && normaliseWords(draft.text) === normaliseWords(text);
}

/** What `outcome` does, and before it the end of the draft if there is one. */
export function withoutDraft({ draft }: SessionContext, outcome: Outcome): Outcome {
  if (!draft) return outcome;
  return {
    patch: { ...outcome.patch, draft: null },
    effects: [
      { type: 'draft.stop' },
      { type: 'cancelWork', generation: draft.generation },
      ...(outcome.effects ?? []),
    ],
  };
}

export const dropDraft: Reducer = (context) => withoutDraft(context, {});

/** The reply's own children have taken over what the draft had. */
export const releaseDraft: Reducer = ({ draft }) =>
  draft ? { patch: { draft: null }, effects: [{ type: 'draft.stop' }] } : {};
