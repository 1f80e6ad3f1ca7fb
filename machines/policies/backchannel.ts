import { baseLanguage, isUnspaced, normaliseWords } from './text.ts';

/**
 * True if `text` consists of backchannels only ("uh-huh", "嗯"): they do not interrupt. A language without a list has no
 * backchannels.
 */
export function isBackchannel(
  text: string,
  language: string,
  lists: Readonly<Record<string, readonly string[]>>,
): boolean {
  let rest = normaliseWords(text);
  if (!rest) return false;
  const list = lists[baseLanguage(language)] ?? [];
  const known = list.map(normaliseWords).sort((a, b) => b.length - a.length);
  while (rest) {
    const head = known.find((word) => word && startsWithWord(rest, word));
    if (!head) return false;
    rest = rest.slice(head.length).trimStart();
  }
  return true;
}

function startsWithWord(text: string, word: string): boolean {
  if (!text.startsWith(word)) return false;
  const next = text.charAt(word.length);
  return next === '' || next === ' ' || isUnspaced(word);
}
