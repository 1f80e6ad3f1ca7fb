import type { ReadingTable } from './table.ts';

/** Replacement of the text from the scan's place to `end`. White space at its ends separates it from its neighbours. */
export interface Said {
  readonly end: number;
  readonly text: string;
}

/** A rule reads what stands at the scan's place, or nothing. Its patterns are sticky and bounded. */
export type Rule = (scan: Scan) => Said | undefined;

const WORD_BEFORE = /([\p{L}\p{M}]+)[.,:]?[\s(]*$/u;

/** A place in a text without markup. */
export class Scan {
  readonly text: string;
  readonly table: ReadingTable;
  at = 0;

  constructor(text: string, table: ReadingTable) {
    this.text = text;
    this.table = table;
  }

  /** Matches the sticky `pattern` at `at`. */
  match(pattern: RegExp, at = this.at): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.text);
  }

  char(at: number): string {
    return this.text.charAt(at);
  }

  /** The `count` units before the place. */
  behind(count: number, at = this.at): string {
    return this.text.slice(Math.max(0, at - count), at);
  }

  ahead(count: number, at = this.at): string {
    return this.text.slice(at, at + count);
  }

  /** The word before the place, in lower case; empty if something else stands there. */
  wordBefore(at = this.at): string {
    return WORD_BEFORE.exec(this.behind(24, at))?.[1]?.toLowerCase() ?? '';
  }

  /** Words between spaces, or in a language without them the words alone. */
  spaced(words: string): string {
    const { space } = this.table;
    return `${space}${words}${space}`;
  }
}
