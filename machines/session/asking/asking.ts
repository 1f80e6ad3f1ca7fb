/** Asking back: "Did you say turn left?" instead of acting on words that the recogniser is not sure of. */
import type { SessionParameters } from '../../parameters.ts';
import { answerOf } from '../../policies/answers.ts';
import { joinText } from '../../policies/text.ts';
import type { SttOutput } from '../events.ts';
import { languageOf, phrasesOf } from '../language/language.ts';
import type { Reducer, SessionContext } from '../model.ts';
import { responds } from '../settings/in-force.ts';
import { taken } from '../turn/begin-turn.ts';
import { utteranceSettled } from '../turn/words.ts';

/** The parameters that decide what is asked back. */
export type AskingParameters = Pick<SessionParameters, 'asking' | 'words'>;

/** A second answer that is not clear gets no third question. */
export const MAX_QUESTIONS = 2;

/** The words to ask about; undefined if the recogniser is sure, or if nothing is like a known phrase. */
export function unsureWords(
  { text, confidence, rejected, reading }: SttOutput,
  { asking }: Pick<SessionParameters, 'asking'>,
): string | undefined {
  if (!asking.enabled) return undefined;
  if (text !== '')
    return confidence !== undefined && confidence < (reading?.askBelow ?? asking.below) ? text : undefined;
  if (rejected?.reason !== 'unlike' || rejected.nearest === '') return undefined;
  // A voice stop has 0: it is never confirmed first.
  const known = reading?.askBelow ?? asking.below;
  return known > 0 && rejected.confidence >= asking.nearestAbove ? rejected.nearest : undefined;
}

/** Whether the answer to the question is among these words: `yes` or `no`. */
export function isAnswer(
  answer: 'yes' | 'no',
  text: string,
  context: SessionContext,
  { words }: SessionParameters,
): boolean {
  return context.question !== undefined && answerOf(text, languageOf(context), words) === answer;
}

function finalText({ utterance }: SessionContext): string {
  return utterance?.final?.text ?? '';
}

export function answers(
  answer: 'yes' | 'no',
  context: SessionContext,
  parameters: SessionParameters,
): boolean {
  return isAnswer(answer, finalText(context), context, parameters);
}

/** Words that are asked about, and not too often. */
export function asksBack(context: SessionContext, parameters: SessionParameters): boolean {
  const { question } = context;
  if (question?.calls || (question?.count ?? 0) >= MAX_QUESTIONS) return false;
  return responds(context) && isUnsure(context, parameters);
}

/** The user is to say it again: the answer was no, or the last question brought nothing clear. */
export function givesUp(context: SessionContext, parameters: SessionParameters): boolean {
  if (context.question === undefined) return false;
  return answers('no', context, parameters) || isUnsure(context, parameters);
}

export function isUnsure(context: SessionContext, parameters: SessionParameters): boolean {
  const { utterance } = context;
  if (!utteranceSettled(context) || !utterance?.final) return false;
  return unsureWords(utterance.final, parameters) !== undefined;
}

/** The question becomes the reply to the utterance. */
export function askBack(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { utterance, pending, question } = context;
    const words = utterance?.final && unsureWords(utterance.final, parameters);
    if (words === undefined) return {};
    const all = joinText(pending?.text ?? '', words ?? '');
    const phrase = phrasesOf(context, parameters).didYouSay.replace('{words}', () => all);
    return taken(context, event, parameters, {
      ...{ text: '', phrase },
      question: { words: all, count: (question?.count ?? 0) + 1, sinceMs: null },
    });
  };
}

/** The words that were asked about are the turn. */
export function beginAnsweredTurn(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { utterance, question } = context;
    if (!utterance) return {};
    // A yes may be in another language than the words that were asked about.
    const { language: _ofYes, ...heard } = utterance;
    const words = { text: question?.words ?? '', phrase: null };
    return taken({ ...context, utterance: heard }, event, parameters, words);
  };
}

export function askAgain(parameters: SessionParameters): Reducer {
  return (context, event) =>
    taken(context, event, parameters, { text: '', phrase: phrasesOf(context, parameters).sayAgain });
}

/** The question was spoken; after a sound without words it is still the same wait. */
export const awaitAnswer: Reducer = ({ question, nowMs }) =>
  question ? { patch: { question: { ...question, sinceMs: question.sinceMs ?? nowMs } } } : {};
