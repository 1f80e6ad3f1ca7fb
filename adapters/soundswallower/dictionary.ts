/**
 * Calls `found` with each entry of `dictionary`, the text of a CMU dictionary: a word without the mark of a second pronunciation, and
 * its phones. Both are parts of the text: keep `copied` ones, or all of its 3 MB are kept.
 */
export function eachEntry(dictionary: string, found: (word: string, phones: string) => void): void {
  for (let at = 0; at < dictionary.length; ) {
    const newline = dictionary.indexOf('\n', at);
    const end = newline < 0 ? dictionary.length : newline;
    const space = dictionary.indexOf(' ', at);
    if (space > at && space < end) {
      const word = dictionary.slice(at, space).replace(/\(\d+\)$/, '');
      found(word, dictionary.slice(space + 1, end).trim());
    }
    at = end + 1;
  }
}

/** The same text, not as a part of a longer one. */
export function copied(text: string): string {
  return Buffer.from(text).toString();
}
