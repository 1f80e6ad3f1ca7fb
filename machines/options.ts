import { z } from 'zod';
import { STAGE_DIRECTIONS, type StageDirections } from './policies/reading/parameters.ts';
import { ATTENTION_MODES, type Attention } from './wire.ts';

/** Properties of a configuration key that a schema cannot express. */
export interface KeyFacts {
  /** One line for the reference and the inspector. */
  readonly meaning: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** Alternative environment variables; the `PARLEY_…` one takes precedence. */
  readonly alsoEnv?: readonly string[];
  /** Text for the reference if the default depends on the installation. */
  readonly shownDefault?: string;
  /** No configuration sets it: its value is the default, a parameter of the unit that it belongs to. */
  readonly constant?: boolean;
}

// Pure, so that a bundle of the machine alone drops it.
const facts = /* @__PURE__ */ z.registry<KeyFacts>();

/** Registers `schema` as a configuration key. Call it last: chained methods return another schema. */
export function key<T extends z.ZodType>(
  schema: T,
  meaning: string,
  more: Omit<KeyFacts, 'meaning'> = {},
): T {
  facts.add(schema, { meaning, ...more });
  return schema;
}

/** A parameter that no configuration sets. Tests of its unit may give it; a comment beside it has the reason for its value. */
export function constant<T extends z.ZodType>(schema: T): T {
  const { meaning = '', ...more } = facts.get(schema) ?? {};
  facts.add(schema, { ...more, meaning, constant: true });
  return schema;
}

/** The properties of a key; undefined for a schema that is not a key. */
export function factsOf(schema: z.ZodType): KeyFacts | undefined {
  return facts.get(schema);
}

/** Maximum duration: one day, in ms. */
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

/** A factor of 1 to 10. */
export function factor(defaultFactor: number, meaning: string) {
  return key(z.number().min(1).max(10).default(defaultFactor), meaning);
}

export function attentionMode(defaultMode: Attention, meaning: string) {
  return key(z.enum(ATTENTION_MODES).default(defaultMode), meaning);
}

/** A probability below 1. */
export function probability(defaultValue: number, meaning: string) {
  return key(z.number().min(0).max(0.99).default(defaultValue), meaning);
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

/** Lists by language. A given list replaces the default of its language; other languages keep theirs. */
export function listsByLanguage(defaults: Readonly<Record<string, readonly string[]>>, meaning: string) {
  const copy = Object.fromEntries(Object.entries(defaults).map(([name, items]) => [name, [...items]]));
  return key(z.record(z.string(), z.array(z.string().min(1))).default(copy), meaning);
}

/** One text for each name. */
export function textsByName(defaults: Readonly<Record<string, string>>, meaning: string) {
  return key(z.record(z.string().min(1), z.string()).default({ ...defaults }), meaning);
}

export function stageDirections(defaultValue: StageDirections, meaning: string) {
  return key(z.enum(STAGE_DIRECTIONS).default(defaultValue), meaning);
}

export function yesNo(defaultValue: boolean, meaning: string) {
  return key(z.boolean().default(defaultValue), meaning);
}

/** A group of keys that may all be absent. */
export function group<Keys extends z.ZodRawShape>(keys: Keys) {
  const schema = z.strictObject(keys);
  // A type parameter does not show that every key has a default.
  return schema.prefault({} as z.input<typeof schema>);
}

/** The key of a `remote` engine. */
export function remoteKeys(engine: string) {
  return {
    engine: text(engine, 'With `remote`: name of the engine that the workers serve.'),
  };
}
