import fc from 'fast-check';
import { z } from 'zod';

/** What a field of this name holds for half of the time, so that messages get beyond the first check. */
export type Hints = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** The parts of JSON Schema that zod writes. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** One part in this many is something else than the schema says. */
const WRONG = 25;
const MOST_ITEMS = 5;
const MOST_CHARS = 40;

const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    '\u0000',
    '__proto__',
    -1,
    0.5,
    1e308,
    true,
    [],
    {},
    'x'.repeat(5_000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const WORDS = ['', ' ', 'a', 'hello', 'hello there.', 'é', '\u{1F600}', '\ud800', '-1', 'null'];

/** Messages of a zod schema, a few of whose parts are wrong, missing or too many; as JSON values. */
export function nearly(schema: z.core.$ZodType, hints: Hints = {}): fc.Arbitrary<unknown> {
  return arbitraryOf(jsonSchemaOf(schema), hints, WRONG);
}

/** Messages of a zod schema as it describes them; what its refinements forbid is among them. */
export function exactly(schema: z.core.$ZodType, hints: Hints = {}): fc.Arbitrary<unknown> {
  return arbitraryOf(jsonSchemaOf(schema), hints, Number.POSITIVE_INFINITY);
}

function jsonSchemaOf(schema: z.core.$ZodType): Schema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
}

function arbitraryOf(schema: Schema, hints: Hints, wrong: number): fc.Arbitrary<unknown> {
  const right = rightOf(schema, hints, wrong);
  return Number.isFinite(wrong)
    ? fc.oneof({ weight: wrong - 1, arbitrary: right }, { weight: 1, arbitrary: nasty })
    : right;
}

function rightOf(schema: Schema, hints: Hints, wrong: number): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((one) => rightOf(one, hints, wrong)));
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object':
      return objectOf(schema, hints, wrong);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, hints, wrong), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? MOST_ITEMS, Math.max(MOST_ITEMS, schema.minItems ?? 0)),
      });
    case 'string':
      return stringOf(schema);
    case 'integer':
      return integerOf(schema);
    case 'number':
      return fc.double({ noNaN: true, min: schema.minimum ?? -1e9, max: schema.maximum ?? 1e9 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return nasty;
  }
}

function integerOf({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema): fc.Arbitrary<number> {
  const bounded = (max: number) => fc.bigInt({ min: BigInt(minimum), max: BigInt(max) }).map(Number);
  return fc.oneof(bounded(Math.min(maximum, minimum + 5)), bounded(maximum));
}

function objectOf(schema: Schema, hints: Hints, wrong: number): fc.Arbitrary<object> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const members = Object.entries(properties).map(([name, one]) => {
    const made = arbitraryOf(one, hints, wrong);
    const hint = 'const' in one ? undefined : hints[name];
    return [name, hint ? fc.oneof(hint, made) : made] as const;
  });
  const record = fc.record(Object.fromEntries(members), {
    requiredKeys: Number.isFinite(wrong) ? [] : [...required],
  });
  const whole = Number.isFinite(wrong)
    ? fc.tuple(fc.record(Object.fromEntries(members)), record, fc.nat({ max: wrong - 1 })).map(
        // Mostly all fields, sometimes any of them.
        ([all, some, luck]) => (luck === 0 ? some : all),
      )
    : record;
  if (typeof additionalProperties !== 'object') return whole;
  const others = fc.dictionary(fc.constantFrom(...WORDS), arbitraryOf(additionalProperties, hints, wrong), {
    maxKeys: 3,
  });
  return fc.tuple(others, whole).map(([some, named]) => ({ ...some, ...named }));
}

function stringOf({ pattern, minLength = 0, maxLength = MOST_CHARS }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'));
  const words = WORDS.filter(({ length }) => length >= minLength && length <= maxLength);
  const any = fc.string({ minLength, maxLength: Math.min(maxLength, minLength + MOST_CHARS) });
  return words.length > 0 ? fc.oneof(fc.constantFrom(...words), any) : any;
}
