import { z } from 'zod';
import { factsOf, type KeyFacts } from '../../machines/options.ts';

/** How text from the environment or a flag is parsed. */
type KeyKind =
  | 'integer'
  | 'number'
  | 'yes/no'
  | 'text'
  | 'list'
  | 'lists by name'
  | 'groups by name'
  | 'values by name'
  | 'choice';

export interface ConfigKey extends KeyFacts {
  /** `['deadlines', 'sttMs']`. */
  readonly path: readonly string[];
  /** `deadlines.sttMs`: its name in the file. */
  readonly name: string;
  /** `PARLEY_DEADLINES_STT_MS`, then its aliases. */
  readonly env: readonly string[];
  /** `deadlines.stt-ms`, without the dashes. */
  readonly flag: string;
  readonly kind: KeyKind;
  readonly choices: readonly string[];
  /** Undefined if the key may be absent. */
  readonly defaultValue: unknown;
}

/** Every key under a schema, in the order of the schema. Throws if one was not made by `key`. */
export function keysOf(schema: z.ZodObject, path: readonly string[] = []): readonly ConfigKey[] {
  return Object.entries(schema.shape).flatMap(([part, child]) => {
    if (!(child instanceof z.ZodType)) throw new TypeError(`${part} is not a schema`);
    const here = [...path, part];
    const { inner } = unwrap(child);
    return inner instanceof z.ZodObject ? keysOf(inner, here) : [keyOf(child, here)];
  });
}

function keyOf(schema: z.ZodType, path: readonly string[]): ConfigKey {
  const name = path.join('.');
  const known = factsOf(schema);
  if (!known) throw new TypeError(`the key ${name} has no description`);
  const { inner, defaultValue } = unwrap(schema);
  return {
    ...known,
    path,
    name,
    env: [variableOf(path), ...(known.alsoEnv ?? [])],
    flag: flagOf(path),
    kind: kindOf(inner, name),
    choices: inner instanceof z.ZodEnum ? inner.options.map(String) : [],
    defaultValue,
  };
}

/** `['deadlines', 'sttMs']` → `PARLEY_DEADLINES_STT_MS`. */
export function variableOf(path: readonly string[]): string {
  return `PARLEY_${path.map((part) => kebab(part).replaceAll('-', '_').toUpperCase()).join('_')}`;
}

/** `['deadlines', 'sttMs']` → `deadlines.stt-ms`. */
export function flagOf(path: readonly string[]): string {
  return path.map(kebab).join('.');
}

function unwrap(schema: z.ZodType): { inner: z.ZodType; defaultValue: unknown } {
  let inner = schema;
  let defaultValue: unknown;
  for (let next = innerOf(inner); next instanceof z.ZodType; next = innerOf(inner)) {
    if (inner instanceof z.ZodDefault) defaultValue = inner.def.defaultValue;
    inner = next;
  }
  return { inner, defaultValue };
}

function innerOf(schema: z.ZodType): z.core.$ZodType | undefined {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional
  )
    return schema.def.innerType;
  return undefined;
}

function kindOf(schema: z.ZodType, name: string): KeyKind {
  if (schema instanceof z.ZodNumberFormat) return 'integer';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodBoolean) return 'yes/no';
  if (schema instanceof z.ZodEnum) return 'choice';
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodRecord) return recordKind(schema.valueType);
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'text';
  // Text with a form of its own: what is parsed before or after it does not matter here.
  if (schema instanceof z.ZodPipe) {
    const { in: from, out } = schema.def;
    return kindOf((from instanceof z.ZodTransform ? out : from) as z.ZodType, name);
  }
  throw new TypeError(`the key ${name} has a type that cannot be parsed from text`);
}

function recordKind(values: z.core.$ZodType): KeyKind {
  if (values instanceof z.ZodObject) return 'groups by name';
  return values instanceof z.ZodArray ? 'lists by name' : 'values by name';
}

/** `endpointDelayMs` → `endpoint-delay-ms`, `baseURL` → `base-url`. */
function kebab(camel: string): string {
  return camel.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}
