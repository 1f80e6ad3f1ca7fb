import { type Forms, SIGN_NAMES, type SignName } from '../table.ts';

/** Tables are written as `sign=words; sign=words`, so that a language fits on a page. */
export function pairs(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(';').flatMap((entry) => {
      const at = entry.indexOf(
        '=',
        entry.trimStart() === entry ? 1 : entry.length - entry.trimStart().length + 1,
      );
      return at < 0 ? [] : [[entry.slice(0, at).trim(), entry.slice(at + 1).trim()]];
    }),
  );
}

/** `kg=kilogram+s; ft=foot/feet; bar=bar`: singular and plural. */
export function formsOf(text: string): Readonly<Record<string, Forms>> {
  return Object.fromEntries(
    Object.entries(pairs(text)).map(([sign, words]) => {
      const [one = '', many] = words.includes('+') ? words.split('+') : words.split('/');
      return [sign, [one, words.includes('+') ? `${one}${many}` : (many ?? one)]];
    }),
  );
}

/** `$=dollar/dollars/cent/cents`. */
export function pricesOf(text: string): Readonly<Record<string, readonly [...Forms, ...Forms]>> {
  return Object.fromEntries(
    Object.entries(pairs(text)).map(([sign, words]) => {
      const [one = '', many = one, hundredth = '', hundredths = hundredth] = words.split('/');
      return [sign, [one, many, hundredth, hundredths]];
    }),
  );
}

export function numbersOf(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(pairs(text)).map(([name, number]) => [name, Number(number)]));
}

/** Throws if a sign is missing: a table is checked when it is loaded. */
export function signsOf(text: string): Readonly<Record<SignName, string>> {
  const found = pairs(text);
  return Object.fromEntries(
    SIGN_NAMES.map((name) => {
      const words = found[name] ?? (name === 'negative' ? found.minus : undefined);
      if (words === undefined) throw new TypeError(`the sign ${name} has no words`);
      return [name, words];
    }),
  ) as Record<SignName, string>;
}

export function set(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/u).filter(Boolean));
}
