/** What recognisers must know of a behaviour. */
import type { BehaviourProgram, Wanted } from '../../machines/behaviour/program.ts';
import { baseLanguage } from '../../machines/policies/text.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { Dialog, DialogEntry } from '../dialog/dialog.ts';
import { matchDialog } from '../dialog/match.ts';
import { withEntries } from '../dialog/moment.ts';
import type { PhraseNode } from '../dialog/phrase.ts';
import { expandPhrase, shortest, slotsOf, vocabulary, waysOf } from '../dialog/phrase-facts.ts';
import { dialogReader } from '../dialog/reading.ts';
import type { SlotType } from '../dialog/slots.ts';
import type { Expected } from '../ports/stt.ts';
import { phrasesOf } from './phrases.ts';

/** Types of a behaviour's slots get this before their names, because the dialog file has names of its own. */
const PREFIX = 'behaviour-';
/** A phrase with at most as many ways is given to prompts as it is. */
const FEW_WAYS = 8;
/** Servers read a few hundred words of a prompt at most. */
const MOST_SENTENCES = 60;

/** The dialog with all that a behaviour may want to hear, in the behaviour's language. Only for hearing: it answers nothing. */
export function withBehaviour(dialog: Dialog, behaviour: BehaviourProgram | undefined): Dialog {
  if (!behaviour) return dialog;
  const { language } = phrasesOf(behaviour.definition);
  const extend = (one: Dialog) =>
    baseLanguage(one.language) === baseLanguage(language) ? extended(one, entriesOf(behaviour)) : one;
  return { ...extend(dialog), ...(dialog.others && { others: dialog.others.map(extend) }) };
}

/** Reads recognised words as the dialog does, and confirms unsure ones that are for the behaviour. `answers`: the dialog answers. */
export function behaviourReader(
  dialog: Dialog,
  behaviour: BehaviourProgram | undefined,
  answers: boolean,
): ReadWords {
  const read = dialogReader(withBehaviour(dialog, behaviour), answers);
  if (!behaviour || answers) return read;
  const own = [...alone(behaviour).values()];
  return (text, language, final) => {
    const reading = read(text, language, final);
    const match = final ? own.map((one) => matchDialog(one, text)).find((one) => one) : undefined;
    return match ? { ...reading, askBelow: match.entry.askBelow } : reading;
  };
}

/** Says what recognisers are to expect, by what the behaviour wants. */
export function expecter(
  behaviour: BehaviourProgram | undefined,
): ((wanted: Wanted) => Expected) | undefined {
  if (!behaviour) return undefined;
  const said = new Map([...alone(behaviour)].map(([id, dialog]) => [id, sentencesOf(dialog)] as const));
  return ({ phrases, answer }) => {
    const asked = (answer?.phrases ?? []).map(phraseId);
    const fields = answer?.form?.fields.map(({ name, slot = name }) => answerId(slot)) ?? [];
    const own = answer?.slot === undefined ? [] : [answerId(answer.slot)];
    const answers = [...new Set([...own, ...fields, ...asked])];
    const entries = [...new Set([...answers, ...phrases.map(phraseId)])];
    const sentences = entries.flatMap((id) => said.get(id) ?? []);
    return { entries, answers, sentences: [...new Set(sentences)].slice(0, MOST_SENTENCES) };
  };
}

/** The sentences of a dialog if they are few, else its words without those that only lead in. */
function sentencesOf({ entries, slots }: Dialog): readonly string[] {
  return entries.flatMap(({ phrases }) =>
    phrases.flatMap((phrase) => {
      if (waysOf(phrase, slots) <= FEW_WAYS) return expandPhrase(phrase, slots, FEW_WAYS);
      const values = [...slotsOf(phrase).values()].flatMap((type) => {
        const value = slots.get(type)?.phrase;
        if (!value) return [];
        return waysOf(value, slots) <= MOST_SENTENCES
          ? expandPhrase(value, slots, MOST_SENTENCES)
          : [...vocabulary(value, slots)];
      });
      return values.length > 0 ? values : (shortest(phrase, slots)?.join(' ') ?? []);
    }),
  );
}

const phraseId = (name: string) => `heard-${name}`;
const answerId = (slot: string) => `answer-${slot}`;

/** Each phrase and each answer as a dialog of its own. */
function alone(behaviour: BehaviourProgram): ReadonlyMap<string, Dialog> {
  const { phrases, answers } = phrasesOf(behaviour.definition);
  return new Map([
    ...[...phrases].map(([name, dialog]) => [phraseId(name), dialog] as const),
    ...[...answers].map(([name, dialog]) => [answerId(name), dialog] as const),
  ]);
}

interface Entries {
  readonly entries: readonly DialogEntry[];
  readonly slots: ReadonlyMap<string, SlotType>;
}

function entriesOf(behaviour: BehaviourProgram): Entries {
  const all = [...alone(behaviour)];
  return {
    entries: all.flatMap(([id, { entries }]) =>
      entries.map((entry) => ({
        ...entry,
        id,
        ifExpected: true as const,
        actions: [],
        phrases: entry.phrases.map(renamed),
      })),
    ),
    slots: new Map(
      all.flatMap(([, { slots }]) =>
        [...slots].map(([name, type]) => [PREFIX + name, { ...type, phrase: renamed(type.phrase) }] as const),
      ),
    ),
  };
}

function extended(dialog: Dialog, { entries, slots }: Entries): Dialog {
  return withEntries(dialog, [...dialog.entries, ...entries], new Map([...dialog.slots, ...slots]));
}

function renamed(node: PhraseNode): PhraseNode {
  switch (node.kind) {
    case 'word':
    case 'numeral':
      return node;
    case 'slot':
      return { ...node, type: PREFIX + node.type };
    case 'optional':
    case 'repeat':
      return { ...node, item: renamed(node.item) };
    case 'sequence':
      return { ...node, items: node.items.map(renamed) };
    case 'choice':
      return { ...node, options: node.options.map(renamed) };
  }
}
