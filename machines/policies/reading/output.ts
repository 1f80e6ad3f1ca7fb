import { isUnspaced } from '../text.ts';

/** The spoken form of a text, with the position of each part in the original. */
export interface SpeechText {
  /** Empty if there is nothing to speak. */
  readonly text: string;
  /** The offset in the original of `offset` in `text`; both in UTF-16 units. Monotonic in `offset`. */
  originalOffset(offset: number): number;
}

const IRREGULAR = /^\s+|\s{2,}|[^\S ]|\s$/gu;
/** After these, neither a comma for a pause nor a full stop for an end is needed. */
const PAUSED = /[\s,;:.!?…，；：、。！？([{（"'“‘«「『]/;
const ENDED = /[,;:.!?…，；：、。！？]/;
/** A full stop in front of a letter or digit belongs to it: ".NET", ".5". */
const ENDING = /^[,;:.!?…，；：、。！？]+(?![\p{L}\p{N}])/u;
const WORD = /[\p{L}\p{N}∞]/u;

/**
 * A text that grows at its end, each piece with its position in the original. White space is single, and absent at both
 * ends.
 */
export class SpokenText {
  readonly #pieces: string[] = [];
  /** Start of the pieces in the text, and their position in the original. */
  readonly #starts: number[] = [];
  readonly #origins: number[] = [];
  #length = 0;
  #originEnd = 0;
  /** A pending pause or end, written if more words follow, and its position. */
  #owed: { readonly sign: string; readonly at: number } | undefined;

  /** Words of the original, from `at` on. */
  copy(piece: string, at: number): void {
    let done = 0;
    // Single spaces between words stay; all other white space becomes one, at a place where a sign may replace it.
    for (const { 0: space, index } of piece.matchAll(IRREGULAR)) {
      if (index > done) this.#append(piece.slice(done, index), at + done, index - done);
      this.put(' ', at + index);
      done = index + space.length;
    }
    if (done < piece.length) this.#append(piece.slice(done), at + done, piece.length - done);
  }

  /** A replacement for the text at `at`. */
  put(text: string, at: number): void {
    if (text !== ' ') this.#append(text, at, 0);
    else if (this.#length > 0 && this.#last() !== ' ') this.#push(' ', at, 0);
  }

  /** A replacement for the text at `at`; white space at its ends separates it from its neighbours. */
  say(words: string, at: number): void {
    const inner = words.trim();
    if (words.startsWith(' ')) this.put(' ', at);
    if (inner !== '') this.put(inner, at);
    if (words.endsWith(' ')) this.put(' ', at);
  }

  /** A comma, if words precede and follow. */
  pause(at: number): void {
    this.#owe(',', at);
  }

  /** The end of a line: white space, or a full stop if it is the end of a `sentence` without one. */
  endLine(at: number, sentence: boolean): void {
    if (sentence) this.#owe('.', at);
    else this.put(' ', at);
  }

  done(originalLength: number): SpeechText {
    // Of the pending signs, only an end is still useful: it lowers the voice.
    if (this.#owed?.sign === '.') this.#settle('');
    this.#trim();
    const text = this.#pieces.join('');
    if (!WORD.test(text)) return { text: '', originalOffset: () => 0 };
    const starts = this.#starts;
    const origins = this.#origins;
    return {
      text,
      originalOffset: (offset) => {
        if (offset >= text.length) return originalLength;
        const index = lastAtMost(starts, offset);
        const next = origins[index + 1] ?? originalLength;
        return Math.min((origins[index] ?? 0) + offset - (starts[index] ?? 0), next);
      },
    };
  }

  #owe(sign: string, at: number): void {
    if (this.#owed?.sign !== '.') this.#owed = { sign, at };
  }

  #append(text: string, at: number, originLength: number): void {
    this.#settle(text);
    // A removed emoji may leave only its space before a full stop.
    if (ENDING.test(text)) this.#trim();
    this.#push(text, at, originLength);
  }

  /** Writes the pending sign before `next`, if needed there. */
  #settle(next: string): void {
    const owed = this.#owed;
    if (!owed) return;
    this.#owed = undefined;
    this.#trim();
    const last = this.#last();
    if (last === '') return;
    const goesOn = next !== '' && !ENDED.test(next.charAt(0));
    const isNeeded = !(owed.sign === '.' ? ENDED : PAUSED).test(last) && (next === '' || goesOn);
    const dense = isUnspaced(last);
    if (isNeeded) this.#push(dense ? (owed.sign === '.' ? '。' : '，') : owed.sign, owed.at, 0);
    if (goesOn && !(isNeeded && dense)) this.put(' ', owed.at);
  }

  /** White space is always a piece of its own. */
  #trim(): void {
    if (this.#last() !== ' ') return;
    this.#pieces.pop();
    this.#starts.pop();
    this.#origins.pop();
    this.#length--;
  }

  #last(): string {
    return this.#pieces.at(-1)?.slice(-1) ?? '';
  }

  #push(text: string, at: number, originLength: number): void {
    this.#pieces.push(text);
    this.#starts.push(this.#length);
    this.#origins.push(Math.max(at, this.#originEnd));
    this.#originEnd = Math.max(at + originLength, this.#originEnd);
    this.#length += text.length;
  }
}

/** The index of the last of the ascending `values` that is at most `value`. */
function lastAtMost(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((values[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
