/** Reading aloud: what is said of a text. See docs/explanation/audio.md. */
import { baseLanguage } from '../text.ts';
import { withoutMarkup } from './blocks.ts';
import { ja, ko, zh } from './languages/asian.ts';
import { de } from './languages/de.ts';
import { en } from './languages/en.ts';
import { es } from './languages/es.ts';
import { fr } from './languages/fr.ts';
import type { SpeechText } from './output.ts';
import { plainReading, type ReadingParameters } from './parameters.ts';
import { readPlain } from './reader.ts';
import type { ReadingTable } from './table.ts';
import { UserWords } from './user-words.ts';

export type { SpeechText } from './output.ts';
export type { ReadingParameters } from './parameters.ts';

const TABLES: Readonly<Record<string, ReadingTable>> = { en, de, fr, es, zh, ja, ko };
/** English outside of America: the day of a date is first. */
const BRITISH: ReadingTable = { ...en, dateOrder: 'dmy' };

/** Longer than any segment: code, or an attack. The rest is said as it is written. */
const MAX_READ = 4_000;

/** What is said of a segment, in the language of the reply (BCP 47). */
export function readAloud(
  original: string,
  language: string,
  reading: ReadingParameters = plainReading,
): SpeechText {
  const words = withoutMarkup(original, {
    directions: reading.stageDirections === 'speak' ? 'speak' : 'drop',
  });
  const table = tableFor(language);
  if (!table || words.text === '' || words.text.length > MAX_READ) return words;
  const read = readPlain(words.text, table, userWords(reading.words));
  return { text: read.text, originalOffset: (offset) => words.originalOffset(read.originalOffset(offset)) };
}

/** Only without markup: for a voice that reads by itself. */
export function writtenWords(original: string): SpeechText {
  return withoutMarkup(original, { directions: 'drop' });
}

function tableFor(language: string): ReadingTable | undefined {
  const base = baseLanguage(language);
  if (base === 'en') return /^en-(?!us\b)/i.test(language) ? BRITISH : en;
  return Object.hasOwn(TABLES, base) ? TABLES[base] : undefined;
}

const KEPT = new WeakMap<object, UserWords>();

function userWords(words: Readonly<Record<string, string>>): UserWords | undefined {
  let kept = KEPT.get(words);
  if (!kept) {
    if (Object.keys(words).length === 0) return undefined;
    kept = new UserWords(words);
    KEPT.set(words, kept);
  }
  return kept;
}
