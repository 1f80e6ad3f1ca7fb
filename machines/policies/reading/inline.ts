import { characterEnd, isEmoji } from '../characters.ts';
import { plainMath } from './latex.ts';
import type { SpokenText } from './output.ts';

/** What becomes of stage directions, and where they are reported. */
export interface Markup {
  readonly directions: 'drop' | 'speak';
  onDirection?(name: string, at: number): void;
}

export interface Place extends Markup {
  /** Position of the line in the original. */
  readonly at: number;
  readonly table: boolean;
}

/** The words of a line, while they are read. */
export class Inline {
  readonly spoken: SpokenText;
  readonly line: string;
  readonly place: Place;

  constructor(spoken: SpokenText, line: string, place: Place) {
    this.spoken = spoken;
    this.line = line;
    this.place = place;
  }

  char(i: number): string {
    return this.line.charAt(i);
  }

  run(i: number): number {
    let end = i + 1;
    while (this.line.charCodeAt(end) === this.line.charCodeAt(i)) end++;
    return end;
  }

  direction(text: string, name: string, i: number, end: number, isWords = true): number {
    const { at, directions, onDirection } = this.place;
    onDirection?.(name, at + i);
    this.spoken.put(' ', at + i);
    if (directions === 'speak' && isWords) this.spoken.copy(text, at + i);
    this.spoken.put(' ', at + end);
    return end;
  }

  math(source: string, i: number, end: number): number {
    const { at } = this.place;
    // Written beside a number: "90^\circ", "5\times 3".
    this.spoken.say(
      /^\\(?:circ|degree|%)/.test(source) ? plainMath(source) : ` ${plainMath(source)} `,
      at + i,
    );
    return end;
  }

  /** Everything but emoji. */
  plain(from: number, to: number): void {
    const line = this.line;
    const { at } = this.place;
    let done = from;
    for (let i = from; i < to; ) {
      const code = line.charCodeAt(i);
      if (code < 0x200d && line.charCodeAt(i + 1) !== 0xfe0f && line.charCodeAt(i + 1) !== 0x20e3) {
        i++;
        continue;
      }
      const whole = line.codePointAt(i) ?? 0;
      const end = Math.min(to, characterEnd(line, i));
      const character = line.slice(i, end);
      if (isEmoji(whole) || /[\ufe0f\u20e3★☆♥♡✓✔✗✘♪♫]/u.test(character)) {
        this.spoken.copy(line.slice(done, i), at + done);
        // The number on a key is spoken: "1️⃣".
        if (/^[0-9]/.test(character)) this.spoken.copy(character.charAt(0), at + i);
        else this.spoken.put(' ', at + i);
        done = end;
      }
      i = Math.max(i + 1, end);
    }
    this.spoken.copy(line.slice(done, to), at + done);
  }
}
