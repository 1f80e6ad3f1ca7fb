/** What of a dialog can be said now. */
import { allLanguages, type Dialog, type DialogEntry } from './dialog.ts';
import { Grammar } from './grammar.ts';
import type { PhraseNode } from './phrase.ts';
import type { SlotType } from './slots.ts';

/** The dialog without the entries that are heard only while they are expected, except those in `expected`. */
export function heardNow(dialog: Dialog, expected: readonly string[]): Dialog {
  const ids = new Set(expected);
  const { others, ...own } = dialog;
  const left = (one: Dialog): Dialog => {
    const entries = one.entries.filter(({ id, ifExpected }) => !ifExpected || ids.has(id));
    return entries.length === one.entries.length ? one : withEntries(one, entries, one.slots);
  };
  return { ...left(own), ...(others && { others: others.map(left) }) };
}

/** Whether a dialog has entries that are heard only while they are expected. */
export function changesByMoment(dialog: Dialog): boolean {
  return allLanguages(dialog).some(({ entries }) => entries.some(({ ifExpected }) => ifExpected));
}

/** The dialog with other entries, and of `slots` those that are used in them. */
export function withEntries(
  dialog: Dialog,
  entries: readonly DialogEntry[],
  slots: ReadonlyMap<string, SlotType>,
): Dialog {
  const used = new Map<string, SlotType>();
  const use = (node: PhraseNode): void => {
    switch (node.kind) {
      case 'word':
      case 'numeral':
        return;
      case 'slot': {
        const type = slots.get(node.type);
        if (!type || used.has(node.type)) return;
        used.set(node.type, type);
        use(type.phrase);
        return;
      }
      case 'optional':
      case 'repeat':
        use(node.item);
        return;
      case 'sequence':
        for (const item of node.items) use(item);
        return;
      case 'choice':
        for (const option of node.options) use(option);
    }
  };
  for (const { phrases } of entries) for (const phrase of phrases) use(phrase);
  const grammar = new Grammar(used);
  for (const entry of entries) for (const phrase of entry.phrases) grammar.add(phrase, entry);
  return { ...dialog, entries, slots: used, grammar };
}
