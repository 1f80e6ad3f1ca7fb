/** Calls as an engine makes them, before the conversation learns of them. */
import { ParleyError } from '../../machines/errors.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import { toolNamed } from '../../machines/policies/tool-names.ts';
import { HALT_ACTION } from '../../machines/session/halt/halt.ts';
import type { Tool } from '../../machines/wire.ts';
import type { SlowSchemaCheck } from '../ports/schema-check.ts';
import { argumentSchema } from './arguments.ts';

/** A call of an engine. `invalid`: why it cannot be used. */
export interface Call {
  readonly name: string;
  readonly args: JsonObject;
  readonly invalid?: string;
  /** What the engine wants back with the call. */
  readonly extra?: JsonObject;
}

/** What may be called. */
export interface Callable {
  /** Those that run on this server. */
  readonly servers: readonly Tool[];
  readonly clients: readonly Tool[];
  /** Actions of the dialog, with what the dialog says of their arguments. */
  readonly actions: readonly Tool[];
}

/** Returns the call under the name of its tool, with `invalid` if its arguments do not fit. */
export type CheckCall = (call: Call) => Call | Promise<Call>;

/**
 * The call under the name of the tool that it means. Its arguments are compared with the schema of that tool. Of several
 * with one name the server's counts, then the client's. A promise if the check may take long: `slow` does that one; it never rejects.
 */
export function checkedCall(
  call: Call,
  { servers, clients, actions }: Callable,
  slow: SlowSchemaCheck,
): Call | Promise<Call> {
  const tools = [...servers, ...clients, ...actions];
  const name = toolNamed(call.name, [...tools.map((tool) => tool.name), HALT_ACTION]);
  const tool = tools.find((one) => one.name === name);
  if (!tool || call.invalid !== undefined) return { ...call, name };
  const { schema, check } = argumentSchema(tool.parameters);
  const known = schema ? withoutNulls(call.args, schema) : call.args;
  const args = servers.includes(tool) ? withNumbers(known, schema ?? {}) : known;
  const whole = actions.includes(tool) ? { ...defaultsOf(tool), ...args } : args;
  const verdict = (invalid: string | undefined): Call =>
    invalid === undefined ? { ...call, name, args: whole } : { ...call, name, invalid };
  const invalid = check(whole, slow);
  return invalid instanceof Promise ? invalid.then(verdict) : verdict(invalid);
}

/** Why schemas of these tools cannot be used; their calls are refused. */
export function schemaProblems(tools: readonly Tool[]): readonly ParleyError[] {
  return tools.flatMap(({ name, parameters }) => {
    const { problem } = argumentSchema(parameters);
    return problem === undefined ? [] : [new ParleyError('TOOL_SCHEMA', `${name}: ${problem}`)];
  });
}

/** Models send null for an argument that they leave out. */
function withoutNulls(args: JsonObject, schema: JsonObject): JsonObject {
  const required = schema.required;
  const isLeftOut = ([name, value]: readonly [string, Json]) => {
    const property = propertyOf(schema, name);
    if (value !== null || !property || (Array.isArray(required) && required.includes(name))) return false;
    const { type, enum: values } = property;
    return (
      (type !== undefined && !typesOf(property).includes('null')) ||
      (Array.isArray(values) && !values.includes(null))
    );
  };
  const entries = Object.entries(args);
  return entries.some(isLeftOut) ? Object.fromEntries(entries.filter((entry) => !isLeftOut(entry))) : args;
}

/** A decimal number as JSON writes it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/u;

/** Text that is a number, where the tool wants a number and no text, as that number if nothing is lost. */
function withNumbers(args: JsonObject, schema: JsonObject): JsonObject {
  const numbers = Object.entries(args).flatMap(([name, value]): [string, number][] => {
    const types = typesOf(propertyOf(schema, name));
    const wanted = types.includes('number') || types.includes('integer');
    if (typeof value !== 'string' || !wanted || types.includes('string') || !NUMBER.test(value)) return [];
    const number = Number(value);
    return String(number) === value.replace(/(\.\d*?)0+$/u, '$1').replace(/\.$/u, '') ? [[name, number]] : [];
  });
  return numbers.length > 0 ? { ...args, ...Object.fromEntries(numbers) } : args;
}

/** Values that the dialog gives arguments that are left out. */
function defaultsOf({ parameters }: Tool): JsonObject {
  const properties = objectOf(parameters.properties);
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) => {
      const { default: value } = objectOf(property);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function propertyOf({ properties }: JsonObject, name: string): JsonObject | undefined {
  const all = objectOf(properties);
  return Object.hasOwn(all, name) ? objectOf(all[name]) : undefined;
}

function typesOf(property: JsonObject | undefined): readonly Json[] {
  const type = property?.type;
  return type === undefined ? [] : [type].flat();
}

function objectOf(value: Json | undefined): JsonObject {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : {};
}
