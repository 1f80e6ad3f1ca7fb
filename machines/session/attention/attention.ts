/** Attention: whether speech that the ear hears is for the robot. */
import type { SessionParameters } from '../../parameters.ts';
import { normaliseText, wordsOf } from '../../policies/text.ts';
import type { Attention, AttentionState } from '../../wire.ts';
import { publish } from '../effects.ts';
import { languageOf } from '../language/language.ts';
import type { Reducer, SessionContext } from '../model.ts';
import { isDueAnyway } from '../turn/pending.ts';
import { circumstancesOf, utteranceSettled } from '../turn/words.ts';

/** In `addressed`: words that the dialog does not know and that are more than this are not for the robot. */
const MAX_WORDS = 6;

export function modeOf({ input }: Pick<SessionContext, 'input'>): Attention {
  return input.attention ?? 'always';
}

/** Whether this session ever sleeps; the others have one state. */
export function sleeps(context: SessionContext): boolean {
  return modeOf(context) === 'wake' || modeOf(context) === 'addressed';
}

/** The text behind one of these wake phrases at its beginning; undefined without one. */
export function behindWakePhrase(
  text: string,
  phrases: readonly string[],
  language: string,
): string | undefined {
  const said = wordsOf(text, language).join(' ');
  for (const phrase of phrases) {
    const wake = normaliseText(phrase, language);
    if (said === wake) return '';
    if (wake !== '' && said.startsWith(`${wake} `)) return said.slice(wake.length + 1);
  }
  return undefined;
}

function withoutWake(text: string, context: SessionContext, { words }: SessionParameters) {
  return behindWakePhrase(text, words.wake, languageOf(context));
}

/** The final words begin with a wake phrase, which is not yet taken off. */
export function wakes(context: SessionContext, parameters: SessionParameters): boolean {
  const text = context.utterance?.final?.text ?? '';
  return modeOf(context) === 'wake' && withoutWake(text, context, parameters) !== undefined;
}

/**
 * Whether the words are not for the robot. `wake`: while it sleeps. `addressed`: they were not understood, or are many that the dialog
 * does not know, and they neither continue a turn nor may answer a question.
 */
export function isForOthers(context: SessionContext): boolean {
  const { utterance, woken, pending } = context;
  if (!sleeps(context) || !utteranceSettled(context) || isDueAnyway(pending)) return false;
  if (modeOf(context) === 'wake' || utterance?.failure) return !woken;
  if (woken && (circumstancesOf(context).asked || pending?.text)) return false;
  const { text = '', reading } = utterance?.final ?? {};
  const { length } = wordsOf(text, languageOf(context));
  return length === 0 || (reading?.askBelow === undefined && length > MAX_WORDS);
}

/**
 * Speech in which the recogniser is sure to hear nothing that the robot knows: others speak. Not so if the client ended the turn, or
 * if the robot has asked something.
 */
export function isPlainlyUnlike(context: SessionContext, { attention }: SessionParameters): boolean {
  const { utterance, question } = context;
  const { rejected } = utterance?.final ?? {};
  if (!rejected || rejected.confidence >= attention.unlikeBelow) return false;
  return utterance?.endSample === undefined && !question && !circumstancesOf(context).asked;
}

/** The wake phrase is taken off the words, and the robot is awake. */
export function removeWakePhrase(parameters: SessionParameters): Reducer {
  return (context) => {
    const { utterance } = context;
    if (!utterance?.final) return {};
    const text = withoutWake(utterance.final.text, context, parameters) ?? utterance.final.text;
    return { patch: { woken: true, utterance: { ...utterance, final: { ...utterance.final, text } } } };
  };
}

export const wake: Reducer = () => ({ patch: { woken: true } });
export const fallAsleep: Reducer = () => ({ patch: { woken: undefined } });

export function publishAttention(state: AttentionState): Reducer {
  return () => ({ effects: [publish({ type: 'attention', state })] });
}
