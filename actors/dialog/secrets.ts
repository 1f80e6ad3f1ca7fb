/**
 * What a user says for a slot with `secret: true`. Outside the dialog's engine and the robot nothing knows it: a mark
 * stands in its place, and the dialog takes the mark for the slot's value.
 */
import { joinText } from '../../machines/policies/text.ts';
import { allLanguages, type Dialog, type DialogEntry } from './dialog.ts';
import { matchDialog } from './match.ts';
import { slotsOf } from './phrase-facts.ts';
import { placeholdersIn } from './placeholders.ts';
import { MASK } from './sealed.ts';
import type { SlotValue } from './slots.ts';
import { spoken } from './spoken.ts';

export interface Secrets {
  /** The text with what may be a secret in it replaced; undefined if nothing is. `mark`: the mark for a value. */
  hide(text: string, mark: (value: SlotValue) => string): string | undefined;
  /** The arguments of an action that get the value of a secret slot. */
  argumentsOf(action: string): ReadonlySet<string>;
}

/** Undefined if the dialog has no secret slot. */
export function secretsOf(all: Dialog): Secrets | undefined {
  const dialogs = allLanguages(all).filter(({ slots }) => [...slots.values()].some(({ secret }) => secret));
  if (dialogs.length === 0) return undefined;
  const args = new Map<string, Set<string>>();
  for (const dialog of dialogs)
    for (const entry of dialog.entries)
      for (const action of entry.actions)
        args.set(
          action.name,
          new Set([...(args.get(action.name) ?? []), ...secretArguments(dialog, entry, action.args)]),
        );
  return {
    hide(text, mark) {
      for (const dialog of dialogs) {
        const hidden = hiddenIn(dialog, text, mark);
        if (hidden !== undefined) return hidden;
      }
      return undefined;
    },
    argumentsOf: (action) => args.get(action) ?? NONE,
  };
}

const NONE: ReadonlySet<string> = new Set();

function secretArguments({ slots }: Dialog, { phrases }: DialogEntry, args: object): readonly string[] {
  const secret = new Set(
    phrases
      .flatMap((phrase) => [...slotsOf(phrase)])
      .flatMap(([name, type]) => (slots.get(type)?.secret ? [name] : [])),
  );
  const has = (value: unknown): boolean => {
    if (typeof value === 'string') return placeholdersIn(value).some((name) => secret.has(name));
    return typeof value === 'object' && value !== null && Object.values(value).some(has);
  };
  return Object.entries(args).flatMap(([name, value]) => (has(value) ? [name] : []));
}

function hiddenIn(dialog: Dialog, text: string, mark: (value: SlotValue) => string): string | undefined {
  const match = matchDialog(dialog, text);
  const filled = Object.values(match?.slots ?? {}).filter(
    ({ secret, words }) => secret && !words[0]?.startsWith(MASK),
  );
  if (match && filled.length > 0)
    return filled
      .reduce((words, slot) => replaced(words, slot.words, mark(slot.value)), match.sentence.split(' '))
      .reduce(joinText);
  if (match) return undefined;
  // Not a sentence of the dialog, or not yet: what follows the words before a secret may be one.
  const words = spoken(text, dialog.language);
  const from = dialog.grammar.secretFrom(words);
  return from === undefined ? undefined : [...words.slice(0, from), MASK].reduce(joinText);
}

/** Each place of these words replaced. */
function replaced(all: readonly string[], words: readonly string[], by: string): string[] {
  const made: string[] = [];
  for (let at = 0; at < all.length; ) {
    const isHere = words.every((word, i) => all[at + i] === word);
    made.push(isHere ? by : (all[at] ?? ''));
    at += isHere ? words.length : 1;
  }
  return made;
}
