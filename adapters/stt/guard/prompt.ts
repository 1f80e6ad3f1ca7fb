import { isAmong, isUnspaced, wordsOf } from '../../../machines/policies/text.ts';
import type { Sound } from './sound.ts';

/** How much of a prompt must come back, in any case, for it to be an echo: people do not say so much of it by chance. */
const SHARE = 0.6;
/** Share of the words of the text that must be in the prompt, in its order, as models also change a word. */
const LIKENESS = 0.85;
/** Words of which a text has at least as many to be an echo of a sentence. A Chinese or Japanese character is half a word. */
const MANY_WORDS = 5;
/** Phrases of the prompt, one after the other, that people do not say in one breath. */
const MANY_PHRASES = 3;
/** Longer parts of a prompt describe, and are not phrases that users say. */
const PHRASE_WORDS = 6;
/** Longer texts are not compared, because it takes time. */
const MOST_WORDS = 400;

/** Commands to stop, in the languages that Parley has phrases for. */
const STOPS = [
  ...[
    'stop',
    'halt',
    'freeze',
    'stop it',
    'stop now',
    'emergency stop',
    'stopp',
    'anhalten',
    'arrête',
    'arrêtez',
  ],
  ...[
    'para',
    'alto',
    'detente',
    'deténgase',
    '停',
    '停下',
    '停下来',
    '停止',
    '站住',
    '止まれ',
    '止まって',
    'とまれ',
  ],
  ...['ストップ', '멈춰', '멈추세요', '정지', '스톱', '그만'],
];

const BETWEEN_PHRASES = /[.,;:!?|/\n、。，；：！？・…]+/u;

/**
 * Whether a text is the prompt that came back, as models write it in noise: the whole, most of it, several of its phrases, or one
 * phrase in a sound without a clear voice. A phrase of the prompt that a person says clearly counts. `doubted`: the model itself
 * hears no speech.
 */
export function isPromptEcho(
  text: string,
  prompt: string,
  language: string,
  { sound, doubted }: { readonly sound: Sound | undefined; readonly doubted: boolean },
): boolean {
  const words = wordsOf(text, language);
  const all = wordsOf(prompt, language);
  if (words.length === 0 || all.length === 0 || words.length > MOST_WORDS || all.length > MOST_WORDS)
    return false;
  const phrases = prompt
    .split(BETWEEN_PHRASES)
    .map((phrase) => wordsOf(phrase, language))
    .filter(({ length }) => length > 0);
  const isLong = phrases.length > 1 || weigh(all) >= MANY_WORDS;
  if (isLong && includesRun(words, all)) return true;
  const said = text
    .split(BETWEEN_PHRASES)
    .map((phrase) => wordsOf(phrase, language).join(' '))
    .filter(Boolean);
  const known = new Set(phrases.map((phrase) => phrase.join(' ')));
  const allKnown = said.every((phrase) => known.has(phrase));
  if (allKnown && said.length >= Math.max(MANY_PHRASES, SHARE * phrases.length)) return true;
  if (weigh(words) >= MANY_WORDS && isMostOf(words, all)) return true;
  if (
    phrases.some(
      (phrase) => weigh(phrase) > PHRASE_WORDS && weigh(words) >= MANY_WORDS && isMostOf(words, phrase),
    )
  )
    return true;
  const place = placeOf(words, all);
  const unclear = isUnclear(words, { sound, doubted, language });
  if (place < 0) return allKnown && unclear;
  return unclear || phrasesIn(phrases, place, words.length) >= MANY_PHRASES;
}

/** Whether no voice was clear enough to have said these words. A stop always counts: a false one does no harm. */
function isUnclear(
  words: readonly string[],
  {
    sound,
    doubted,
    language,
  }: { readonly sound: Sound | undefined; readonly doubted: boolean; readonly language: string },
): boolean {
  if (isAmong(words.join(' '), STOPS, language)) return false;
  if (doubted || !sound) return doubted;
  return !sound.hasVoice || sound.isVeryFaint || (weigh(words) > 1 && sound.isFaint);
}

function weigh(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + (isUnspaced(word) ? 0.5 : 1), 0);
}

function isMostOf(words: readonly string[], all: readonly string[]): boolean {
  const common = inCommon(words, all);
  return common >= LIKENESS * words.length && common >= SHARE * all.length;
}

function includesRun(words: readonly string[], run: readonly string[]): boolean {
  return placeOf(run, words) >= 0;
}

/** Where `words` stand in `all`, side by side; -1 if nowhere. */
function placeOf(words: readonly string[], all: readonly string[]): number {
  for (let at = 0; at + words.length <= all.length; at++)
    if (words.every((word, i) => all[at + i] === word)) return at;
  return -1;
}

/** How many phrases lie wholly in `length` words from `place` on. */
function phrasesIn(phrases: readonly (readonly string[])[], place: number, length: number): number {
  let at = 0;
  let whole = 0;
  for (const phrase of phrases) {
    if (at >= place && at + phrase.length <= place + length) whole += 1;
    at += phrase.length;
  }
  return whole;
}

/** Length of the longest common subsequence. */
function inCommon(one: readonly string[], other: readonly string[]): number {
  let before = new Array<number>(other.length + 1).fill(0);
  for (const word of one) {
    const row = [0];
    for (const [i, same] of other.entries())
      row.push(word === same ? (before[i] ?? 0) + 1 : Math.max(before[i + 1] ?? 0, row[i] ?? 0));
    before = row;
  }
  return before.at(-1) ?? 0;
}
