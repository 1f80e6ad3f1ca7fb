import { z } from 'zod';

/** What a schema cannot say about a key of the configuration. */
export interface KeyFacts {
  /** One line for the reference and for whoever asks. */
  readonly meaning: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** Names in the environment that count besides `PARLEY_…`, which goes before them. */
  readonly alsoEnv?: readonly string[];
  /** How the reference shows a default that differs from place to place. */
  readonly shownDefault?: string;
}

const facts = z.registry<KeyFacts>();

/** Makes `schema` a key of the configuration. Call it last: what is chained on it is another schema. */
export function key<T extends z.ZodType>(
  schema: T,
  meaning: string,
  more: Omit<KeyFacts, 'meaning'> = {},
): T {
  facts.add(schema, { meaning, ...more });
  return schema;
}

/** What `key` said of a schema; undefined if it is not a key. */
export function factsOf(schema: z.ZodType): KeyFacts | undefined {
  return facts.get(schema);
}

/** No duration of Parley makes sense beyond a day. */
const MAX_MS = 86_400_000;

export function ms(defaultMs: number, meaning: string) {
  return key(z.int().min(0).max(MAX_MS).default(defaultMs), meaning);
}

/** A duration whose default depends on other keys. */
export function optionalMs(meaning: string) {
  return key(z.int().min(0).max(MAX_MS).exactOptional(), meaning);
}

export function count(defaultCount: number, meaning: string, min = 1) {
  return key(z.int().min(min).max(1_000_000).default(defaultCount), meaning);
}

/** How many times as much: 1 to 10. */
export function factor(defaultFactor: number, meaning: string) {
  return key(z.number().min(1).max(10).default(defaultFactor), meaning);
}

export function text(defaultText: string, meaning: string) {
  return key(z.string().default(defaultText), meaning);
}

/** Text that may be absent, but not empty. */
export function optionalText(meaning: string) {
  return key(z.string().min(1).exactOptional(), meaning);
}

export function list(defaults: readonly string[], meaning: string) {
  return key(z.array(z.string().min(1)).default([...defaults]), meaning);
}

/** Lists by language. Those given replace the default of their language; the other languages keep theirs. */
export function listsByLanguage(defaults: Readonly<Record<string, readonly string[]>>, meaning: string) {
  const copy = Object.fromEntries(Object.entries(defaults).map(([name, items]) => [name, [...items]]));
  return key(z.record(z.string(), z.array(z.string().min(1))).default(copy), meaning);
}

export function yesNo(defaultValue: boolean, meaning: string) {
  return key(z.boolean().default(defaultValue), meaning);
}

/** The key of a `remote` engine. */
export function remoteKeys(engine: string) {
  return {
    engine: text(engine, 'With `remote`: name of the engine that the workers serve.'),
  };
}
