import { baseLanguage } from '../../machines/policies/text.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { Dialog } from './dialog.ts';
import { matchDialog } from './match.ts';

/**
 * Reads recognised words with the dialog. `asks`: the dialog engine answers, so that words may be confirmed before an
 * entry acts on them. Words in another language than the dialog's have no reading.
 */
export function dialogReader(dialog: Dialog, asks = true): ReadWords {
  return (text, language) => {
    if (baseLanguage(language) !== baseLanguage(dialog.language)) return undefined;
    const entry = asks ? matchDialog(dialog, text)?.entry : undefined;
    return entry && { askBelow: entry.askBelow };
  };
}
