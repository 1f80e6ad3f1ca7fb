import { allLanguages, type Dialog, type PhraseNode } from '../../../actors/dialog/mod.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { baseLanguage, isUnspaced, joinText } from '../../../machines/policies/text.ts';
import { japaneseSound } from './sounds/japanese.ts';
import { koreanSound } from './sounds/korean.ts';
import { mandarinSound } from './sounds/mandarin.ts';

/** The languages that the English model can be made to hear, with the sound of their letters. */
const SOUNDS: ReadonlyMap<string, (text: string) => string | undefined> = new Map([
  ['zh', mandarinSound],
  ['ja', japaneseSound],
  ['ko', koreanSound],
]);

/** Their words in the grammar: language, a mark and the text, such as `zh_左转`. */
const FOREIGN = /^([a-z]{2})_(.+)$/u;

/**
 * Log odds that are added in a language: foreign sounds never fit the English model as well as its own. Set by eSpeak
 * NG's voices (lab/hearing/languages.ts); people were not measured.
 */
const LENIENCY: Readonly<Record<string, number>> = { zh: 1, ja: 1, ko: 1 };

/** The most that one of `languages` is given. */
export function leniencyOf(languages: readonly string[]): number {
  return Math.max(...languages.map((one) => LENIENCY[one] ?? 0));
}

/** The confidence in words of a language. */
export function confidenceIn(language: string, confidence: number): number {
  return likelier(confidence, LENIENCY[language] ?? 0);
}

/** A confidence to whose log odds something is added. */
export function likelier(confidence: number, odds: number): number {
  return 1 / (1 + (1 / confidence - 1) * Math.exp(-odds));
}

/** Whether the recogniser can be made to hear a language (BCP 47). */
export function isHeard(language: string): boolean {
  return baseLanguage(language) === 'en' || SOUNDS.has(baseLanguage(language));
}

/**
 * One dialog that has the sentences of `languages`, of those that `dialog` is in and the model can hear. Sentences of
 * other languages than English are made of words with a language and a sound in English phones; words that follow each
 * other without a choice are one. Throws DIALOG_INVALID for a word whose sound is not known.
 */
export function heardDialog(dialog: Dialog, languages: readonly string[]): Dialog {
  const tags = new Set(languages.map(baseLanguage));
  const heard = allLanguages(dialog).filter(
    ({ language }) => tags.has(baseLanguage(language)) && isHeard(language),
  );
  const [first, ...rest] = heard.map(inEnglishPhones);
  const main = first ?? inEnglishPhones(dialog);
  return {
    ...main,
    entries: [main, ...rest].flatMap(({ entries }) => entries),
    slots: new Map([main, ...rest].flatMap(({ slots }) => [...slots])),
    backchannels: [main, ...rest].flatMap(({ backchannels }) => backchannels),
    wake: [main, ...rest].flatMap(({ wake }) => wake),
    pronunciations: new Map([main, ...rest].flatMap(({ pronunciations }) => [...pronunciations])),
  };
}

/** The language and the text of recognised words. */
export function textOf(recognised: string): { readonly text: string; readonly language: string } {
  let language = 'en';
  let text = '';
  for (const word of recognised.split(' ')) {
    const [, tag, said = word] = FOREIGN.exec(word) ?? [];
    language = tag ?? language;
    text = tag !== undefined && isUnspaced(said) ? joinText(text, said) : `${text} ${said}`.trim();
  }
  return { text, language };
}

function inEnglishPhones(dialog: Dialog): Dialog {
  const tag = baseLanguage(dialog.language);
  const sound = SOUNDS.get(tag);
  if (!sound) return dialog;
  const pronunciations = new Map<string, string>();
  const word = (characters: readonly string[]) => {
    const name = `${tag}_${characters.join('')}`;
    if (!pronunciations.has(name)) pronunciations.set(name, soundOf(characters, dialog, sound));
    return name;
  };
  const slotName = (name: string) => `${tag}_${name}`;
  const node = (one: PhraseNode): PhraseNode => {
    switch (one.kind) {
      case 'word':
        return sayable([one.word]);
      case 'slot':
        return { ...one, type: slotName(one.type) };
      case 'numeral':
        return one;
      case 'optional':
      case 'repeat':
        return { ...one, item: node(one.item) };
      case 'choice':
        return { ...one, options: one.options.map(node) };
      case 'sequence':
        return { ...one, items: joined(one.items) };
    }
  };
  /** English words within stay what they are. */
  const sayable = (characters: readonly string[]): PhraseNode => ({
    kind: 'word',
    word: characters.every((one) => /^[a-z']+$/.test(one)) ? characters.join('') : word(characters),
  });
  const joined = (items: readonly PhraseNode[]): PhraseNode[] => {
    const made: PhraseNode[] = [];
    let run: string[] = [];
    const flush = () => {
      if (run.length > 0) made.push(sayable(run));
      run = [];
    };
    for (const item of items) {
      if (item.kind === 'word' && !/^[a-z']+$/.test(item.word)) run.push(item.word);
      else {
        flush();
        made.push(node(item));
      }
    }
    flush();
    return made;
  };
  const saying = (said: string) => word(said.split(' '));
  return {
    ...dialog,
    entries: dialog.entries.map((entry) => ({ ...entry, phrases: entry.phrases.map(node) })),
    slots: new Map(
      [...dialog.slots].map(([name, type]) => [slotName(name), { ...type, phrase: node(type.phrase) }]),
    ),
    backchannels: dialog.backchannels
      .filter((said) => !dialog.grammar.reach(said.split(' ')).ends)
      // Those of Parley's tables may have characters whose reading is not known; they are not worth an error.
      .filter((said) => phonesOf(said.split(' '), dialog, sound) !== undefined)
      .map(saying),
    wake: dialog.wake.map(saying),
    pronunciations,
  };
}

function soundOf(
  characters: readonly string[],
  dialog: Dialog,
  sound: (text: string) => string | undefined,
): string {
  const phones = phonesOf(characters, dialog, sound);
  if (phones === undefined)
    throw new ParleyError(
      'DIALOG_INVALID',
      `add the readings of "${characters.join('')}" to pronunciations: its sound in ${dialog.language} cannot be derived from its letters`,
    );
  return phones;
}

/** The readings of the dialog's `pronunciations` replace characters before the whole is sounded. */
function phonesOf(
  characters: readonly string[],
  { pronunciations }: Dialog,
  sound: (text: string) => string | undefined,
): string | undefined {
  return sound(characters.map((one) => pronunciations.get(one) ?? one).join(''));
}

/** The languages of the dialog that the recogniser can hear. */
export function heardLanguages(dialog: Dialog): readonly string[] {
  return allLanguages(dialog)
    .map(({ language }) => baseLanguage(language))
    .filter(isHeard);
}
