/**
 * Schemas of tools as servers and clients write them, in the form that the validator takes: JSON Schema 2020-12 with the
 * keywords that constrain a value, and references within the schema only.
 */
import type { Json, JsonObject } from '../../machines/json.ts';

/** A schema that can be checked. */
export interface ToolSchema {
  readonly schema: JsonObject;
  /** How the time of a check grows with the arguments. */
  readonly cost: Cost;
}

/** `quadratic`: simple patterns, and items that are compared with each other. `unknown`: patterns and references that may take hours. */
export type Cost = 'linear' | 'quadratic' | 'unknown';

/** Why a schema cannot be used. */
export class SchemaProblem extends Error {}

/** More than real tools have; a schema is read on the event loop. */
const MAX_DEPTH = 64;
const MAX_PARTS = 5_000;

/** Types as tools write them besides those of JSON Schema; `any` says nothing. */
const TYPES: ReadonlyMap<string, string | undefined> = new Map([
  ...['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'].map(
    (type) => [type, type] as const,
  ),
  ...['str', 'text'].map((type) => [type, 'string'] as const),
  ...['int', 'int32', 'int64', 'long'].map((type) => [type, 'integer'] as const),
  ...['float', 'double', 'decimal'].map((type) => [type, 'number'] as const),
  ...[['bool', 'boolean'] as const, ['none', 'null'] as const, ['any', undefined] as const],
  ...['dict', 'map'].map((type) => [type, 'object'] as const),
  ...['list', 'tuple'].map((type) => [type, 'array'] as const),
]);

const NUMBERS = ['multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;
const COUNTS = [
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains'],
  ...['minProperties', 'maxProperties'],
] as const;
const SCHEMAS = [
  ...['not', 'if', 'then', 'else', 'contains', 'propertyNames'],
  ...['additionalProperties', 'unevaluatedProperties', 'unevaluatedItems'],
] as const;
const LISTS = ['allOf', 'anyOf', 'oneOf'] as const;
const MAPS = ['properties', 'patternProperties', 'dependentSchemas'] as const;

/** Throws SchemaProblem for a schema that says nothing that can be checked. */
export function toolSchema(parameters: JsonObject): ToolSchema {
  return new Reader(parameters).read();
}

class Reader {
  readonly #root: JsonObject;
  /** Targets of references, by their place. `size`: parts that a check sees there; unknown while it is read. */
  readonly #targets = new Map<string, { readonly name: string; size?: number }>();
  readonly #defs: Record<string, Json> = {};
  #parts = 0;
  /** Parts, each as often as references lead to it. */
  #seen = 0;
  #cost: Cost = 'linear';

  constructor(root: JsonObject) {
    this.#root = root;
  }

  read(): ToolSchema {
    const schema = this.#schema(this.#root, '', 0);
    const { type } = isObject(schema) ? schema : {};
    if (!isObject(schema)) throw new SchemaProblem('it is not an object');
    if (type !== undefined && ![type].flat().includes('object'))
      throw new SchemaProblem(`its type is ${JSON.stringify(type)}, but arguments are an object`);
    const defs = Object.keys(this.#defs).length > 0 && { $defs: this.#defs };
    return { schema: { ...schema, ...defs }, cost: this.#cost };
  }

  #schema(given: Json | undefined, place: string, depth: number): Json {
    this.#parts += 1;
    this.#seen += 1;
    if (depth > MAX_DEPTH || this.#parts > MAX_PARTS)
      throw new SchemaProblem(`it has more than ${MAX_DEPTH} levels or ${MAX_PARTS} parts`);
    if (typeof given === 'boolean') return given;
    if (!isObject(given)) throw new SchemaProblem(`${place || '/'} is not a schema`);
    const member = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
    const inner = (value: Json | undefined, name: string) =>
      this.#schema(value, `${place}/${name}`, depth + 1);
    const to: Record<string, Json> = {};
    const reference = member('$ref');
    if (reference !== undefined) to.$ref = this.#reference(reference, place, depth);
    for (const name of ['$dynamicRef', '$recursiveRef'])
      if (member(name) !== undefined) throw new SchemaProblem(`${place}: ${name} is not supported`);
    for (const name of LISTS) {
      const list = member(name);
      if (list === undefined) continue;
      if (!isList(list)) throw new SchemaProblem(`${place}/${name} is not a list`);
      to[name] = list.map((one, index) => inner(one, `${name}/${index}`));
    }
    for (const name of MAPS) {
      const map = member(name);
      if (map === undefined || map === null) continue;
      if (!isObject(map)) throw new SchemaProblem(`${place}/${name} is not an object`);
      to[name] = plainObject(
        Object.entries(map).map(([key, one]) => [
          name === 'patternProperties' ? this.#pattern(key, place) : key,
          inner(one, `${name}/${key}`),
        ]),
      );
    }
    for (const name of SCHEMAS) {
      const one = member(name);
      if (one !== undefined && one !== null) to[name] = inner(one, name);
    }
    this.#items(member, inner, to);
    dependencies(member, inner, to);
    required(member, to);
    for (const name of [...NUMBERS, ...COUNTS]) {
      const limit = member(name);
      if (limit !== undefined && limit !== null && typeof limit !== 'boolean')
        to[name] = numberOf(limit, `${place}/${name}`);
    }
    exclusive(member, to);
    const pattern = member('pattern');
    if (pattern !== undefined && pattern !== null) to.pattern = this.#pattern(pattern, place);
    if (member('uniqueItems') === true) {
      to.uniqueItems = true;
      this.#costs('quadratic');
    }
    const constant = member('const');
    if (constant !== undefined) to.const = constant;
    values(member, to, place);
    return to;
  }

  /** Before 2020-12 a list of `items` was what `prefixItems` is now. */
  #items(member: Member, inner: Inner, to: Record<string, Json>): void {
    const items = member('items');
    const list = member('prefixItems') ?? (isList(items) ? items : undefined);
    if (list !== undefined) {
      if (!isList(list)) throw new SchemaProblem('prefixItems is not a list');
      to.prefixItems = list.map((one, index) => inner(one, `prefixItems/${index}`));
    }
    const rest = isList(items) ? member('additionalItems') : items;
    if (rest !== undefined && rest !== null) to.items = inner(rest, 'items');
  }

  #costs(cost: 'quadratic' | 'unknown'): void {
    if (this.#cost !== 'unknown') this.#cost = cost;
  }

  #pattern(pattern: Json, place: string): string {
    const source = patternOf(pattern, place);
    this.#costs(isSimple(source) ? 'quadratic' : 'unknown');
    return source;
  }

  /** The reference to a copy of its target; nothing is ever fetched. */
  #reference(reference: Json, place: string, depth: number): string {
    if (reference === '#') {
      this.#costs('unknown');
      return '#';
    }
    const target = typeof reference === 'string' ? pointed(this.#root, reference) : undefined;
    if (typeof reference !== 'string' || target === undefined)
      throw new SchemaProblem(`${place}/$ref: ${short(reference)} is not within the schema`);
    const known = this.#targets.get(reference);
    if (known) {
      this.#seen += known.size ?? 0;
      if (known.size === undefined || this.#seen > MAX_PARTS) this.#costs('unknown');
      return `#/$defs/${known.name}`;
    }
    const entry: { readonly name: string; size?: number } = { name: `target${this.#targets.size}` };
    const { name } = entry;
    this.#targets.set(reference, entry);
    const before = this.#seen;
    this.#defs[name] = this.#schema(target, reference, depth + 1);
    entry.size = this.#seen - before;
    return `#/$defs/${name}`;
  }
}

type Member = (name: string) => Json | undefined;
type Inner = (value: Json | undefined, name: string) => Json;

function pointed(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith('#/')) return undefined;
  let at: Json | undefined = root;
  for (const step of reference.slice(2).split('/')) {
    const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (isList(at)) at = at[Number(key)];
    else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function dependencies(member: Member, inner: Inner, to: Record<string, Json>): void {
  const needs = { ...objectOf(member('dependencies')), ...objectOf(member('dependentRequired')) };
  const lists = Object.entries(needs).filter(([, one]) => isList(one));
  const schemas = Object.entries(needs).filter(([, one]) => !isList(one));
  if (lists.length > 0) to.dependentRequired = plainObject(lists);
  if (schemas.length > 0)
    to.dependentSchemas = {
      ...objectOf(to.dependentSchemas),
      ...plainObject(schemas.map(([key, one]) => [key, inner(one, `dependencies/${key}`)])),
    };
}

/** The list of names; draft 3 and many tools say `required: true` at the property itself. */
function required(member: Member, to: Record<string, Json>): void {
  const given = member('required');
  const names = (isList(given) ? given : typeof given === 'string' ? [given] : []).filter(
    (name) => typeof name === 'string',
  );
  const ownWord = Object.entries(objectOf(member('properties')))
    .filter(([, one]) => isObject(one) && one.required === true)
    .map(([name]) => name);
  const all = [...new Set([...names, ...ownWord])];
  if (all.length > 0) to.required = all;
}

/** Draft 4 says `exclusiveMinimum: true` beside `minimum`. */
function exclusive(member: Member, to: Record<string, Json>): void {
  for (const [name, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (member(name) !== true || to[limit] === undefined) continue;
    to[name] = to[limit];
    delete to[limit];
  }
}

function values(member: Member, to: Record<string, Json>, place: string): void {
  const type = member('type');
  const nullable = member('nullable') === true;
  if (type !== undefined && type !== null) {
    const types = [type].flat().map((one) => typeOf(one, place));
    const known = types.filter((one) => one !== undefined);
    if (known.length === types.length)
      to.type = nullable ? [...new Set([...known, 'null'])] : oneOrAll(known);
  }
  const values = member('enum');
  if (values === undefined || values === null) return;
  if (!isList(values)) throw new SchemaProblem(`${place}/enum is not a list`);
  to.enum = nullable && !values.includes(null) ? [...values, null] : values;
}

function oneOrAll(types: readonly string[]): Json {
  const [first, second] = types;
  return first !== undefined && second === undefined ? first : types;
}

function typeOf(given: Json, place: string): string | undefined {
  const name = typeof given === 'string' ? given.toLowerCase() : '';
  if (!TYPES.has(name)) throw new SchemaProblem(`${place}/type: ${short(given)} is not a type`);
  return TYPES.get(name);
}

function numberOf(limit: Json, place: string): number {
  const number = typeof limit === 'string' && limit.trim() !== '' ? Number(limit) : limit;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new SchemaProblem(`${place}: ${short(limit)} is not a number`);
}

/** The pattern as the validator reads it, with the flag `u`, which forbids needless escapes such as `\@`. */
function patternOf(pattern: Json, place: string): string {
  const source = typeof pattern === 'string' ? pattern : '';
  for (const one of [source, source.replaceAll(/\\([^\w^$\\.*+?()[\]{}|/-])|\\(_)/gu, '$1$2')]) {
    try {
      new RegExp(one, 'u');
      return one;
    } catch {
      // The next form, or none.
    }
  }
  throw new SchemaProblem(`${place}/pattern: ${short(pattern)} is not a regular expression`);
}

/** Whether a pattern takes at most the square of the text's length: no groups, and one repetition at a known place, or two. */
function isSimple(source: string): boolean {
  const plain = source.replaceAll(/\\./gsu, 'x').replaceAll(/\[[^\]]*\]/gu, 'x');
  const repeats = plain.match(/[*+]|\{\d+,\d*\}/gu)?.length ?? 0;
  return !/[()|]|\{\d{4,}/u.test(plain) && repeats + (plain.startsWith('^') ? 0 : 1) <= 2;
}

function short(value: Json): string {
  return JSON.stringify(value).slice(0, 80);
}

/** Keys such as `__proto__` stay keys. */
function plainObject(entries: readonly (readonly [string, Json])[]): JsonObject {
  return Object.fromEntries(entries);
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A type guard, because `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
