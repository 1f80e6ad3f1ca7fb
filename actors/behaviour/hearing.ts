/** What recognisers must know of a behaviour. */
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { baseLanguage } from '../../machines/policies/text.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { Dialog, DialogEntry } from '../dialog/dialog.ts';
import { Grammar } from '../dialog/grammar.ts';
import { matchDialog } from '../dialog/match.ts';
import type { PhraseNode } from '../dialog/phrase.ts';
import { dialogReader } from '../dialog/reading.ts';
import type { SlotType } from '../dialog/slots.ts';
import { phrasesOf } from './phrases.ts';

/** Types of a behaviour's slots get this before their names, because the dialog file has names of its own. */
const PREFIX = 'behaviour-';

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

/** Each phrase and each answer as a dialog of its own. */
function alone(behaviour: BehaviourProgram): ReadonlyMap<string, Dialog> {
  const { phrases, answers } = phrasesOf(behaviour.definition);
  return new Map([
    ...[...phrases].map(([name, dialog]) => [`heard-${name}`, dialog] as const),
    ...[...answers].map(([name, dialog]) => [`answer-${name}`, dialog] as const),
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
      entries.map((entry) => ({ ...entry, id, actions: [], phrases: entry.phrases.map(renamed) })),
    ),
    slots: new Map(
      all.flatMap(([, { slots }]) =>
        [...slots].map(([name, type]) => [PREFIX + name, { ...type, phrase: renamed(type.phrase) }] as const),
      ),
    ),
  };
}

function extended(dialog: Dialog, { entries, slots }: Entries): Dialog {
  const all = { entries: [...dialog.entries, ...entries], slots: new Map([...dialog.slots, ...slots]) };
  const grammar = new Grammar(all.slots);
  for (const entry of all.entries) for (const phrase of entry.phrases) grammar.add(phrase, entry);
  return { ...dialog, ...all, grammar };
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
