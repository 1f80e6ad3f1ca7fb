import type { IdentifyLanguage } from '../../actors/ports/language.ts';
import { tableOf } from '../../machines/language/mod.ts';
import { baseLanguage, wordsOf } from '../../machines/policies/text.ts';
import { COMMON_WORDS } from './common-words.ts';

/** The scripts that one of the languages has to itself, and those that many share. */
const SCRIPTS = [
  ['hangul', /\p{Script=Hangul}/gu],
  ['kana', /[\p{Script=Hiragana}\p{Script=Katakana}ー]/gu],
  ['han', /\p{Script=Han}/gu],
  ['letters', /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Arabic}\p{Script=Hebrew}]/gu],
] as const;

/** A Chinese character, or a syllable, stands for about this many letters. */
const LETTERS_OF_CHARACTER = 2;
/** A Japanese sentence has kana within this many characters; without any it is Chinese. */
const MAX_WITHOUT_KANA = 8;
/** Shorter texts in letters, such as "OK", are words of any language. */
const MIN_LETTERS = 3;
/** Below this a text in letters must be surely in another language than the conversation's. */
const SHORT_LETTERS = 12;
/** By how much the score of another language must be above that of the conversation's for a short text. */
const MARGIN = 0.1;

const OWN_SCRIPT = ['zh', 'ja', 'ko'];
/** Words of every language. */
const EVERYWHERE = /^(ok|okay|wifi|wi-fi|hi|bye|taxi|hotel|robot)$/iu;

/** The part of `eld` that is used; its data is large, so it is loaded only for languages that share letters. */
interface Detector {
  detect(text: string): { readonly language: string; getScores(): Readonly<Record<string, number>> };
}

/**
 * Distinguishes `languages`: Chinese, Japanese and Korean by their characters, others by their words (`eld`, Apache-2.0,
 * n-grams). Words in Chinese characters alone keep a conversation in Japanese, unless there are many.
 */
export async function languageIdentifier(languages: readonly string[]): Promise<IdentifyLanguage> {
  const known = [...new Set(languages.map(baseLanguage))];
  const lettered = known.filter((one) => !OWN_SCRIPT.includes(one));
  const detector = lettered.length > 1 ? await detectorOf(lettered) : undefined;

  const byLetters = (text: string, count: number, current: string): string | undefined => {
    // Beside a language that is not among the known ones, none of them can be distinguished.
    if (!OWN_SCRIPT.includes(current) && !lettered.includes(current)) return undefined;
    if (count < MIN_LETTERS || EVERYWHERE.test(text.replace(/[^\p{L}-]/gu, ''))) return undefined;
    if (!detector) return lettered[0];
    const knowing = lettered.filter((language) => knows(language, text));
    if (knowing.includes(current)) return current;
    const [only] = knowing;
    if (only !== undefined && knowing.length === 1) return only;
    const found = detector.detect(text);
    const scores = found.getScores();
    const [best = 0, second = 0] = Object.values(scores).sort((a, b) => b - a);
    const ahead = best - (scores[current] ?? (lettered.includes(current) ? 0 : second));
    const sure = count >= SHORT_LETTERS || ahead >= MARGIN;
    return found.language !== '' && sure ? found.language : undefined;
  };

  return (text, given) => {
    const current = baseLanguage(given);
    const [hangul = 0, kana = 0, han = 0, letters = 0] = SCRIPTS.map(
      ([, script]) => text.match(script)?.length ?? 0,
    );
    const characters = hangul + kana + han;
    if (characters * LETTERS_OF_CHARACTER < letters) return byLetters(text, letters, current);
    if (characters === 0) return undefined;
    const found = hangul >= kana + han ? 'ko' : kana > 0 ? 'ja' : 'zh';
    if (found === 'zh' && current === 'ja' && han <= MAX_WITHOUT_KANA) return undefined;
    return known.includes(found) ? found : undefined;
  };
}

/** By language: words that are too short or too few for n-grams, but known. */
const commonWords = new Map<string, ReadonlySet<string>>();

/** Whether each word of a text is a common one of the language. */
function knows(language: string, text: string): boolean {
  let words = commonWords.get(language);
  if (!words) {
    const table = tableOf(language);
    const own = table
      ? [table.answers, table.polite, table.continuations, table.backchannels, table.yes, table.no]
      : [];
    const texts = [...own.flat(), ...(COMMON_WORDS[language] ?? '').split(' ')];
    words = new Set(texts.flatMap((one) => wordsOf(one, language)));
    commonWords.set(language, words);
  }
  const said = wordsOf(text, language);
  return said.length > 0 && said.every((word) => words.has(word));
}

async function detectorOf(languages: readonly string[]): Promise<Detector> {
  const { eld } = await import('eld/medium');
  const detector = eld.newInstance();
  detector.setLanguageSubset([...languages]);
  return detector;
}
