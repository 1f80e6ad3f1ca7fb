/**
 * The functions of `zod/mini` that the inspector's wire is written in, for the page alone: it bundles this module in the
 * place of the library, which would be a tenth of its weight. Types still come from the library; `wire-check.test.ts`
 * compares what the two accept.
 */
export interface Schema {
  /** The value without unknown members; throws if it does not fit. */
  readonly read: (value: unknown) => unknown;
  readonly optional?: true;
  readonly shape?: Shape;
  check(...tests: readonly Test[]): Schema;
  parse(value: unknown): unknown;
  safeParse(value: unknown): Result;
}

type Shape = Readonly<Record<string, Schema>>;
type Test = (value: never) => boolean;
type Result =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: unknown };

function schema(read: Schema['read'], more: Pick<Schema, 'optional' | 'shape'> = {}): Schema {
  return {
    ...{ read, ...more, parse: read },
    check: (...tests) =>
      schema((value) => {
        const data = read(value);
        if (!tests.every((test) => test(data as never))) throw new TypeError(`not allowed: ${data}`);
        return data;
      }),
    safeParse(value) {
      try {
        return { success: true, data: read(value) };
      } catch (error) {
        return { success: false, error };
      }
    },
  };
}

function that(fits: (value: unknown) => boolean): Schema {
  return schema((value) => {
    if (!fits(value)) throw new TypeError(`not expected: ${value}`);
    return value;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError('not an object');
  return value;
}

export const string = () => that((value) => typeof value === 'string');
export const number = () => that(Number.isFinite);
export const int = () => that(Number.isSafeInteger);
export const boolean = () => that((value) => typeof value === 'boolean');
export const unknown = () => that(() => true);
export const literal = (wanted: unknown) => that((value) => value === wanted);
const oneOf = (names: readonly unknown[]) => that((value) => names.includes(value));

export { oneOf as enum };

export const array = (item: Schema) =>
  schema((value) => {
    if (!Array.isArray(value)) throw new TypeError('not a list');
    return value.map(item.read);
  });

export const nullable = (inner: Schema) => schema((value) => (value === null ? null : inner.read(value)));

/** A member that may be absent. */
export const exactOptional = (inner: Schema) => schema(inner.read, { optional: true });

export const record = (_key: Schema, item: Schema) =>
  schema((value) =>
    Object.fromEntries(Object.entries(recordOf(value)).map(([name, one]) => [name, item.read(one)])),
  );

export const object = (shape: Shape): Schema =>
  schema(
    (value) => {
      const given = recordOf(value);
      const members = Object.entries(shape).flatMap(([name, member]) => {
        if (name in given) return [[name, member.read(given[name])]];
        if (member.optional) return [];
        throw new TypeError(`${name} is missing`);
      });
      return Object.fromEntries(members);
    },
    { shape },
  );

export const extend = ({ shape = {} }: Schema, more: Shape) => object({ ...shape, ...more });

export const omit = ({ shape = {} }: Schema, names: Readonly<Record<string, true>>) =>
  object(Object.fromEntries(Object.entries(shape).filter(([name]) => !(name in names))));

export const discriminatedUnion = (tag: string, all: readonly Schema[]) =>
  schema((value) => {
    const given = recordOf(value);
    const one = all.find(({ shape }) => shape?.[tag]?.safeParse(given[tag]).success);
    if (!one) throw new TypeError(`unknown ${tag}: ${given[tag]}`);
    return one.read(value);
  });

export const regex = (pattern: RegExp) => (value: string) => pattern.test(value);
export const nonnegative = () => (value: number) => value >= 0;
export const positive = () => (value: number) => value > 0;
export const maxLength = (limit: number) => (value: string) => value.length <= limit;
export const safeParse = (given: Schema, value: unknown) => given.safeParse(value);
/** The library's settings; here there is nothing to set. */
export const config = () => {};
