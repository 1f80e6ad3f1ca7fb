import { type Dialog, dialogIn } from './dialog.ts';
import { matchDialog } from './match.ts';
import { fillPlaceholders } from './placeholders.ts';

/** What a turn says about the user, by name, and whether the dialog knows its words. */
export interface Learnt {
  readonly profile: Readonly<Record<string, string>>;
  readonly known: boolean;
}

/** What is to be remembered of a turn in a language (BCP 47), according to the dialog. */
export function learntFrom(dialog: Dialog, text: string, language: string): Learnt {
  const match = matchDialog(dialogIn(dialog, language) ?? dialog, text);
  if (!match) return { profile: {}, known: false };
  const { entry, slots } = match;
  const said = (name: string) => (Object.hasOwn(slots, name) ? slots[name]?.words.join(' ') : undefined);
  const filled = Object.entries(entry.remember).map(
    ([key, value]) => [key, fillPlaceholders(value, { text: said, isOne: () => undefined })] as const,
  );
  return { profile: Object.fromEntries(filled), known: true };
}
