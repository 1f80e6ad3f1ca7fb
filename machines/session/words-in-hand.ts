/** The words of the turn that has not got its reply yet. */
import { joinText } from '../policies/text.ts';
import type { SessionContext } from './context.ts';

/** The number of the turn that the words in hand belong to, or will. */
export function turnInHand(context: SessionContext): number {
  return context.pending?.counted ? context.turn : context.turn + 1;
}

/** All the words of the turn in hand: those from before a continuation and those of the utterance. */
export function wordsInHand(context: SessionContext): string {
  return joinText(context.pending?.text ?? '', context.utterance?.final?.text ?? '');
}

/** The same, with what STT has understood so far of the utterance. */
export function wordsSoFar({ pending, utterance }: SessionContext): string {
  return joinText(pending?.text ?? '', utterance?.final?.text ?? utterance?.partial ?? '');
}

/** True once STT has given or owes nothing more. */
export function utteranceSettled(context: SessionContext): boolean {
  return (
    context.utterance !== null && (context.utterance.final !== null || context.utterance.failure !== null)
  );
}
