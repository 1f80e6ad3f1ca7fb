const CONSONANTS = 'bcdfghjklmnpqrstvwz';
const VOWELS = 'aeiou';
const ID = /\bq[aeiou](?:[bcdfghjklmnpqrstvwz][aeiou]){3}\b/u;

/** A unique word that every engine and policy treats like any other. */
export function idWord(number: number): string {
  let word = `q${VOWELS[number % VOWELS.length]}`;
  let rest = Math.floor(number / VOWELS.length);
  for (let syllable = 0; syllable < 3; syllable++) {
    word += `${CONSONANTS[rest % CONSONANTS.length]}`;
    rest = Math.floor(rest / CONSONANTS.length);
    word += `${VOWELS[rest % VOWELS.length]}`;
    rest = Math.floor(rest / VOWELS.length);
  }
  return word;
}

/** The first id in `text`; '' if there is none. */
export function idIn(text: string): string {
  return ID.exec(text)?.[0] ?? '';
}
