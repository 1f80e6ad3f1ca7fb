/** Compares the arguments of calls with the schemas of their tools. */
import { Validator } from '@cfworker/json-schema';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { SchemaVerdict, SlowSchemaCheck } from '../ports/schema-check.ts';
import { SchemaProblem, type ToolSchema, toolSchema } from './tool-schema.ts';

/** A tool's schema, ready to check arguments, or why it cannot. */
export interface ArgumentSchema {
  readonly schema?: JsonObject;
  readonly problem?: string;
  /** What is wrong with the arguments, for the model; undefined if they fit. A promise if the check may take long: `slow` does it. Never rejects. */
  check(args: JsonObject, slow: SlowSchemaCheck): string | undefined | Promise<string | undefined>;
}

/** A check that was too slow this often is not tried again: once may be a busy machine. */
const MAX_SLOW = 2;
/** Arguments of this many characters are checked beside the conversation, if the schema compares their parts. */
const SHORT_ARGS = 2_000;
const LONG_ARGS = 20_000;
/** Schemas kept ready: the tools of a fleet are the same in all its sessions. */
const KEPT = 512;
const MAX_ERRORS = 5;
const MAX_REASON = 300;

const byObject = new WeakMap<JsonObject, ArgumentSchema>();
const byText = new Map<string, ArgumentSchema>();

/** The schema of a tool, made ready once. */
export function argumentSchema(parameters: JsonObject): ArgumentSchema {
  const known = byObject.get(parameters);
  if (known) return known;
  const text = JSON.stringify(parameters);
  const ready = byText.get(text) ?? prepared(parameters);
  byText.delete(text);
  byText.set(text, ready);
  const [oldest] = byText.keys();
  if (byText.size > KEPT && oldest !== undefined) byText.delete(oldest);
  byObject.set(parameters, ready);
  return ready;
}

function prepared(parameters: JsonObject): ArgumentSchema {
  try {
    return checker(toolSchema(parameters));
  } catch (thrown) {
    if (!(thrown instanceof SchemaProblem)) throw thrown;
    const problem = thrown.message;
    return { problem, check: () => `the schema of this tool cannot be used: ${problem}` };
  }
}

function checker({ schema, cost }: ToolSchema): ArgumentSchema {
  // The validator marks the schema that it gets.
  const validator = new Validator(structuredClone(schema) as Record<string, unknown>, '2020-12', false);
  let slow = 0;
  const failed = () => {
    slow += 1;
    return 'the arguments could not be compared with the schema of this tool';
  };
  const check = (args: JsonObject, slowCheck: SlowSchemaCheck) => {
    if (slow >= MAX_SLOW) return 'the schema of this tool takes too long to check';
    try {
      const { length } = JSON.stringify(args);
      const atOnce = cost === 'linear' ? LONG_ARGS : cost === 'quadratic' ? SHORT_ARGS : 0;
      if (length > atOnce) return slowCheck(schema, args).then(reasonOf, failed);
      return reasonOf(validator.validate(withoutPrototypes(args)));
    } catch {
      return failed();
    }
  };
  return { schema, check };
}

/** Errors of a value, without those that only say that a part of it has errors. */
function reasonOf({ valid, errors }: SchemaVerdict): string | undefined {
  if (valid) return undefined;
  const own = errors.filter(
    ({ keyword }) => !['properties', 'items', 'prefixItems', '$ref', 'false'].includes(keyword),
  );
  const texts = own.map(({ instanceLocation, keyword, error }) => {
    const place = instanceLocation.slice(2).replaceAll('~1', '.').replaceAll('~0', '~').replaceAll('/', '.');
    return `${place === '' ? 'arguments' : place}: ${textOf(keyword, error)}`.slice(0, MAX_REASON);
  });
  const all = [...new Set(texts)].slice(0, MAX_ERRORS);
  return all.length > 0 ? all.join('; ') : 'the arguments do not fit the schema of this tool';
}

function textOf(keyword: string, error: string): string {
  const plain = error.replace(/\.$/u, '').replace(/^Instance /u, '');
  if (keyword === 'required') return plain.replace('does not have required property ', 'missing ');
  if (keyword === 'additionalProperties')
    return plain.replace(/^Property (".*") does not match.*$/su, 'unknown argument $1');
  return `${plain} (${keyword})`;
}

/** The validator finds what objects inherit: `constructor` would count as given. */
function withoutPrototypes(value: JsonObject): JsonObject;
function withoutPrototypes(value: Json): Json;
function withoutPrototypes(value: Json): Json {
  if (Array.isArray(value)) return value.map((one) => withoutPrototypes(one));
  if (typeof value !== 'object' || value === null) return value;
  const bare: Record<string, Json> = Object.create(null);
  for (const [key, one] of Object.entries(value)) bare[key] = withoutPrototypes(one as Json);
  return bare;
}
