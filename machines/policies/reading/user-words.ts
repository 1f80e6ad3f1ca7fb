import type { Said, Scan } from './scan.ts';

/** A user's own readings: what is written, and what is said. */
export class UserWords {
  /** By the first letter or sign, longest first. */
  readonly #byFirst = new Map<
    string,
    { readonly written: string; readonly said: string; readonly exact: boolean }[]
  >();

  constructor(words: Readonly<Record<string, string>>) {
    for (const [written, said] of Object.entries(words)) {
      if (written === '') continue;
      // Written in small letters, it counts in any case; "ROS" is not "ros".
      const exact = written !== written.toLowerCase();
      for (const first of new Set([written.charAt(0).toLowerCase(), written.charAt(0).toUpperCase()])) {
        const list = this.#byFirst.get(first) ?? [];
        list.push({ written, said, exact });
        list.sort((one, other) => other.written.length - one.written.length);
        this.#byFirst.set(first, list);
      }
    }
  }

  /** The reading of a whole word at the scan's place. */
  read(scan: Scan): Said | undefined {
    const list = this.#byFirst.get(scan.char(scan.at));
    if (!list) return undefined;
    for (const { written, said, exact } of list) {
      const here = scan.ahead(written.length);
      if (exact ? here !== written : here.toLowerCase() !== written) continue;
      const end = scan.at + written.length;
      if (isOfWord(written.charAt(0)) && isOfWord(scan.char(scan.at - 1))) continue;
      if (isOfWord(written.at(-1) ?? '') && isOfWord(scan.char(end))) continue;
      return { end, text: said };
    }
    return undefined;
  }
}

/** Chinese and Japanese have no ends of words. */
function isOfWord(character: string): boolean {
  return (
    /[\p{L}\p{N}]/u.test(character) &&
    !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(character)
  );
}
