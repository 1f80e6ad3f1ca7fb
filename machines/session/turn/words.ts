/** The words of the turn that has no reply yet. */
import { joinText } from '../../policies/text.ts';
import type { SessionContext } from '../model.ts';
import type { Circumstances } from './endpointing.ts';
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

/** What is known about the words so far besides their text. */
export function circumstancesOf(context: SessionContext): Circumstances {
  const last = context.history.at(-1);
  const asked = last?.role === 'assistant' && /[?？]["'”’」』)]*$/u.test(last.content.trim());
  return { reading: readingSoFar(context), asked };
}

/**
 * What the dialog knows about the words so far; nothing if they continue earlier ones, which it has not read. A
 * transcript from before the end of the speech may lack its last words, so the beginning of a phrase counts only later.
 */
function readingSoFar({ pending, utterance }: SessionContext): Reading | undefined {
  if (!utterance || (pending && pending.text !== '')) return undefined;
  const { final, reading, partialAtMs, endedAtMs } = utterance;
  if (final) return final.reading;
  const early = endedAtMs === null || (partialAtMs ?? 0) < endedAtMs;
  return early && reading?.phrase === 'part' ? undefined : reading;
}

/** True once STT has given its final text or is not running. */
export function utteranceSettled(context: SessionContext): boolean {
  return (
    context.utterance !== null && (context.utterance.final !== null || context.utterance.failure !== null)
  );
}
