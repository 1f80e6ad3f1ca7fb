/** Values to answer with: those of the slots, and those that the chart compares with. */
import type { BehaviourPhrases } from '../../actors/behaviour/phrases.ts';
import { digitByDigit } from '../../actors/dialog/spoken.ts';
import type { BehaviourDefinition, FieldType } from '../../machines/behaviour/define.ts';
import type { JsonObject } from '../../machines/json.ts';

/** Values of one slot that are tried. */
const MAX_VALUES = 12;

/** Texts and numbers in the source of a behaviour: a guard compares with one of them, such as a PIN. */
export function literalsIn(source: string): readonly (string | number)[] {
  const texts = [...source.matchAll(/(['"`])((?:(?!\1)[^\\\n]){1,40})\1/gu)].flatMap(
    ([, , text]) => text ?? [],
  );
  const numbers = [...source.matchAll(/(?<![\w.'"-])-?\d+(?:\.\d+)?(?![\w'"])/gu)].map(([text]) =>
    Number(text),
  );
  return [...new Set([...texts, ...numbers])];
}

/** Ways to say values of each slot: of few words all, of a range its ends, and those in `literals`. */
export function slotWords(
  { slots }: BehaviourDefinition,
  { answers, language }: BehaviourPhrases,
  literals: readonly (string | number)[],
): ReadonlyMap<string, readonly (readonly string[])[]> {
  return new Map(
    Object.entries(slots).map(([name, type]) => {
      const known = answers.get(name)?.slots.get(name);
      const range =
        typeof type === 'string' ? /^(?:number|decimal)\s+(-?\d+)\.\.(-?\d+)$/u.exec(type) : undefined;
      const values: readonly (string | number | boolean)[] = range
        ? [Number(range[1]), Number(range[2]), ...literals]
        : typeof type === 'string'
          ? literals
          : isWords(type)
            ? type
            : Object.values(type);
      const words = values.map((value) => {
        // Digits are said one by one, other values by their name.
        const ways = [digitByDigit(String(value), language), known?.wordsFor(value) ?? []];
        return ways.find((said) => said.length > 0 && known?.valueOf(said) === value) ?? [];
      });
      return [name, words.filter((said) => said.length > 0).slice(0, MAX_VALUES)];
    }),
  );
}

/** Data for an event of the robot: one object for each of the numbers to try. */
export function eventData(
  fields: Readonly<Record<string, FieldType>>,
  literals: readonly (string | number)[],
): readonly JsonObject[] {
  const numbers = literals.filter((one) => typeof one === 'number');
  const around = [1, ...new Set(numbers.flatMap((one) => [one - 1, one, one + 1]))].slice(0, MAX_VALUES);
  const texts = ['text', ...literals.filter((one) => typeof one === 'string')].slice(0, MAX_VALUES);
  const entries = Object.entries(fields);
  const kinds = new Set(entries.map(([, type]) => type.replace('?', '')));
  const count = kinds.has('number')
    ? around.length
    : kinds.has('string')
      ? texts.length
      : kinds.has('boolean')
        ? 2
        : 1;
  return Array.from({ length: count }, (_, at) =>
    Object.fromEntries(
      entries.map(([name, type]) => [
        name,
        type.startsWith('number')
          ? (around[at % around.length] ?? 1)
          : type.startsWith('string')
            ? (texts[at % texts.length] ?? 'text')
            : at % 2 === 0,
      ]),
    ),
  );
}

function isWords(type: readonly string[] | Readonly<Record<string, unknown>>): type is readonly string[] {
  return Array.isArray(type);
}
