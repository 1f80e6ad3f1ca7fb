/** The voice stop: from the client, from the words of a turn, or from the language engine. */
import type { SessionParameters } from '../../parameters.ts';
import { isAmong } from '../../policies/text.ts';
import { failure, publishError } from '../effects.ts';
import { languageOf } from '../language/language.ts';
import type { Reducer, SessionContext } from '../model.ts';
import { wordsInHand } from '../turn/words.ts';

/** Reserved action name: the language engine uses it for the voice stop. It is not a robot action. */
export const HALT_ACTION = 'halt';

export function saidHalt(context: SessionContext, { words }: SessionParameters): boolean {
  const said = [wordsInHand(context), context.utterance?.final?.text ?? ''];
  return said.some((text) => isAmong(text, words.halt, languageOf(context)));
}

export const publishStopped: Reducer = () => ({ effects: [publishError(failure('SESSION_STOPPED'))] });
