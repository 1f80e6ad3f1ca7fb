/** Words of code: `ls -la` → "l s l a", `moveTo` → "move To". */

export interface CodeWord {
  readonly text: string;
  readonly from: number;
  /** The text stands at `from` in the source; otherwise it replaces what stands there. */
  readonly written: boolean;
}

/** A name of letters that cannot be pronounced is spelled. */
export function isSpelled(word: string): boolean {
  return (
    word.length > 1 && word.length <= 4 && !/[aeiouyAEIOUYäöüéèáíóú]/u.test(word) && /^[a-zA-Z]+$/.test(word)
  );
}

export function spelled(word: string): string {
  return [...word].join(' ');
}

/** Splits `moveToGoal2` where its case changes. */
export function camelParts(name: string): readonly string[] {
  return name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d]+/gu) ?? [];
}

const TOKEN = /[A-Za-z][A-Za-z\d]*|[^A-Za-z]/gu;

export function* codeWords(source: string): Generator<CodeWord> {
  for (const { 0: token, index } of source.matchAll(TOKEN)) {
    const before = source.charAt(index - 1);
    const after = source.charAt(index + token.length);
    if (/^[A-Za-z]/.test(token)) {
      const option =
        before === '-' &&
        /^$|[\s-]/.test(source.charAt(index - 2)) &&
        token.length <= 3 &&
        !/-/.test(source.charAt(index - 2));
      if (option || isSpelled(token)) yield { text: ` ${spelled(token)} `, from: index, written: false };
      else {
        let at = index;
        for (const part of camelParts(token)) {
          yield { text: part, from: at, written: true };
          at += part.length;
          if (at < index + token.length) yield { text: ' ', from: at, written: false };
        }
      }
    } else if (/[\s_`"'();{}[\]]/.test(token)) {
      yield { text: ' ', from: index, written: false };
    } else if (token === '.' && /[A-Za-z]/.test(before) && /[A-Za-z]/.test(after)) {
      // One that the reader does not take for the end of a sentence.
      yield { text: '․', from: index, written: false };
    } else if (token === '-' && !/[\w)]/.test(before)) {
      // Of an option; a negative number keeps it.
      if (/\d/.test(after)) yield { text: '−', from: index, written: false };
      else yield { text: ' ', from: index, written: false };
    } else if (token === '-' && /[A-Za-z]/.test(after)) yield { text: ' ', from: index, written: false };
    else yield { text: token, from: index, written: true };
  }
}
