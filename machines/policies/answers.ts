/** Whether words are a yes or a no to a question of ours. */
import { tableOf } from '../language/mod.ts';
import { baseLanguage, isAmong, normalisedPhrases, wordsOf } from './text.ts';

export type Answer = 'yes' | 'no';

/** Words around an answer that do not change it. */
const SOFT: Readonly<Record<string, readonly string[]>> = {
  en: ['please', 'thanks', 'thank you', 'robot', 'um', 'uh', 'er', 'oh', 'well', 'then', 'now', 'just'],
  de: ['bitte', 'danke', 'danke schön', 'roboter', 'äh', 'ähm', 'hm', 'oh', 'also', 'na', 'dann', 'jetzt'],
  fr: ['merci', "s'il te plaît", "s'il vous plaît", 'robot', 'euh', 'ah', 'oh', 'alors', 'bon', 'ben'],
  es: ['por favor', 'gracias', 'muchas gracias', 'robot', 'eh', 'pues', 'ah', 'oh', 'entonces'],
  zh: ['请', '谢谢', '谢谢你', '机器人', '嗯', '呃', '啊', '吧', '呀', '那'],
  ja: ['ありがとう', 'ありがとうございます', 'ロボット', 'えっと', 'あの', 'ああ', 'じゃあ', 'では'],
  ko: ['부탁해요', '고마워요', '감사합니다', '로봇', '음', '어', '아', '그럼'],
};

/** Longer words are a turn of their own. */
const MAX_WORDS = 24;

/**
 * The answer in `text`. A whole phrase counts first, then a text that consists of phrases of one answer only. Anything
 * else, or both answers, is none: "yes but not now", "no, yes". `words`: the lists of the configuration, by language.
 */
export function answerOf(
  text: string,
  language: string,
  words: { readonly [Name in Answer]: Readonly<Record<string, readonly string[]>> },
): Answer | undefined {
  const base = baseLanguage(language);
  const table = tableOf(language);
  const no = [words.no[base] ?? [], table?.moreNo ?? []];
  const yes = [words.yes[base] ?? [], table?.moreYes ?? []];
  if (no.some((list) => isAmong(text, list, language))) return 'no';
  if (yes.some((list) => isAmong(text, list, language))) return 'yes';
  const rest = [...wordsOf(text, language)];
  if (rest.length > MAX_WORDS) return undefined;
  const known = (lists: readonly (readonly string[])[]) =>
    lists.map((list) => normalisedPhrases(list, language));
  const kinds = [
    { kind: 'no', phrases: known(no) },
    { kind: 'soft', phrases: known([SOFT[base] ?? []]) },
    { kind: 'yes', phrases: known(yes) },
  ] as const;
  const found = new Set<string>();
  while (rest.length > 0) {
    let taken = 0;
    for (let count = rest.length; count > 0 && taken === 0; count -= 1) {
      const phrase = rest.slice(0, count).join(' ');
      const kind = kinds.find(({ phrases }) => phrases.some((set) => set.has(phrase)))?.kind;
      if (kind === undefined) continue;
      if (kind !== 'soft') found.add(kind);
      taken = count;
    }
    if (taken === 0) return undefined;
    rest.splice(0, taken);
  }
  if (found.size !== 1) return undefined;
  return found.has('yes') ? 'yes' : 'no';
}
