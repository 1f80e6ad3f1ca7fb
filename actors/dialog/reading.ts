import { normaliseText } from '../../machines/policies/text.ts';
import type { Reading, ReadWords } from '../../machines/session/turn/reading.ts';
import { type Dialog, dialogIn } from './dialog.ts';
import { comparable, matchDialog } from './match.ts';

/**
 * Reads recognised words with the dialog. `answers`: the dialog engine answers. Otherwise the words need not be a phrase,
 * so they are never confirmed, nor taken for the beginning of one. Words in a language that the dialog does not have,
 * have no reading.
 */
export function dialogReader(all: Dialog, answers = true): ReadWords {
  return (text, language, final) => {
    const dialog = dialogIn(all, language);
    if (!dialog) return undefined;
    const said = withoutWake(dialog, text);
    const phrase = phraseOf(dialog, said);
    const entry = answers && final ? matchDialog(dialog, said)?.entry : undefined;
    const reading: Reading = {
      ...(phrase !== undefined && (answers || phrase === 'whole') && { phrase }),
      ...(entry && { askBelow: entry.askBelow }),
    };
    return Object.keys(reading).length > 0 ? reading : undefined;
  };
}

/** The words behind a wake phrase, as the session takes them. */
function withoutWake({ wake, language }: Dialog, text: string): string {
  const said = normaliseText(text, language);
  const phrase = wake.find((one) => said.startsWith(`${one} `));
  return phrase === undefined ? text : said.slice(phrase.length + 1);
}

function phraseOf({ grammar, language }: Dialog, text: string): Reading['phrase'] {
  const { ends, continues } = grammar.reach(comparable(text, language));
  if (ends === continues) return undefined;
  return ends ? 'whole' : 'part';
}
