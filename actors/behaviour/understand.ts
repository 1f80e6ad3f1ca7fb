/** What words mean to a behaviour. */
import type { Understood, Wanted, WantedForm } from '../../machines/behaviour/program.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { type DialogMatch, matchDialog } from '../dialog/match.ts';
import type { Slots } from '../dialog/slots.ts';
import type { FormReader } from './form.ts';
import type { BehaviourPhrases } from './phrases.ts';
import { jsonOf } from './values.ts';

/** The surest first. */
const HOW: readonly DialogMatch['how'][] = ['exact', 'polite', 'spelling', 'contains', 'near'];

/**
 * The surest meaning among those that are wanted. Of equal ones an answer to the open question comes first, then the phrase
 * that was written first.
 */
export function understand(
  { phrases, answers }: BehaviourPhrases,
  words: string,
  wanted: Wanted,
  formReader: (fields: WantedForm['fields']) => FormReader,
): Understood | undefined {
  const { answer } = wanted;
  const ways: readonly [Dialog | undefined, Omit<Understood, 'slots'>][] = [
    ...(answer?.slot === undefined ? [] : ([[answers.get(answer.slot), { answers: true }]] as const)),
    ...(answer?.phrases ?? []).map((phrase) => [phrases.get(phrase), { answers: true, phrase }] as const),
    ...wanted.phrases.map((phrase) => [phrases.get(phrase), { answers: false, phrase }] as const),
  ].map(([dialog, meaning]) => [dialog, meaning]);
  let best: { readonly how: number; readonly meant: Understood } | undefined;
  for (const [dialog, meaning] of ways) {
    const match = dialog && matchDialog(dialog, words);
    if (!match) continue;
    const how = HOW.indexOf(match.how);
    if (!best || how < best.how) best = { how, meant: { ...meaning, slots: valuesOf(match.slots) } };
  }
  const read = answer?.form && formReader(answer.form.fields).read(words, answer.form);
  // A phrase of the chart comes first if it is said exactly; otherwise what is left of the sentence counts.
  if (read && (!best || best.how > (read.whole ? HOW.indexOf('exact') : HOW.indexOf('polite'))))
    return { answers: true, slots: {}, form: read.reading };
  return best?.meant;
}

function valuesOf(slots: Slots): Understood['slots'] {
  return Object.fromEntries(Object.entries(slots).map(([name, { value }]) => [name, jsonOf(value)]));
}
