/** The words of the turn that has no reply yet. */
import { joinText } from '../../policies/text.ts';
import type { SessionContext } from '../context.ts';
import type { Reading } from './reading.ts';

/** The number of the turn of the current words. */
export function turnInHand(context: SessionContext): number {
  return context.pending?.counted ? context.turn : context.turn + 1;
}

/** All words of the current turn: those from before a continuation and those of the utterance. */
export function wordsInHand(context: SessionContext): string {
  return joinText(context.pending?.text ?? '', context.utterance?.final?.text ?? '');
}

/** The same, with STT's text of the utterance so far. */
export function wordsSoFar({ pending, utterance }: SessionContext): string {
  return joinText(pending?.text ?? '', utterance?.final?.text ?? utterance?.partial ?? '');
}

/** What the dialog knows about the words so far; nothing if they continue earlier ones, which it has not read. */
export function readingSoFar({ pending, utterance }: SessionContext): Reading | undefined {
  if (pending && pending.text !== '') return undefined;
  return utterance?.final ? utterance.final.reading : utterance?.reading;
}

/** True once STT has given its final text or is not running. */
export function utteranceSettled(context: SessionContext): boolean {
  return (
    context.utterance !== null && (context.utterance.final !== null || context.utterance.failure !== null)
  );
}
