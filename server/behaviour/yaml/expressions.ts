/** Conditions and values in CEL (https://cel.dev), over the members of the context and the event. */
import { Environment } from '@marcbachmann/cel-js';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { didYouMean } from '../../../machines/policies/did-you-mean.ts';

/** What an expression sees: `context` is also there member by member. */
export interface Scope {
  readonly context: JsonObject;
  readonly event: unknown;
}

export type Expression = (scope: Scope) => Json;

/** A plain path, such as `event.slots.item`: a member that is missing is null. */
const PATH = /^event(?:\.[A-Za-z_]\w*)+$/u;
const UNKNOWN = /^Unknown variable: (\S+)/u;

export class Expressions {
  readonly #names: readonly string[];
  readonly #cel: Environment;

  constructor(context: JsonObject) {
    this.#names = [...Object.keys(context), 'event'];
    this.#cel = new Environment();
    for (const name of this.#names) this.#cel.registerVariable(name, 'dyn');
  }

  /** Reads an expression. `fail` reports what is wrong with it. */
  read(text: string, fail: (message: string) => never): Expression {
    if (PATH.test(text)) return ({ event }) => memberAt(event, text.split('.').slice(1));
    try {
      const program = this.#cel.parse(text);
      const { valid, error } = program.check();
      if (!valid) return fail(this.#problem(error));
      return ({ context, event }) => plain(program({ ...celOf(context), event: celOf(event) }));
    } catch (thrown) {
      return fail(this.#problem(thrown));
    }
  }

  #problem(thrown: unknown): string {
    const [message = ''] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n');
    const name = UNKNOWN.exec(message)?.[1];
    if (name === undefined) return message;
    const near = didYouMean(name, this.#names);
    const known = near === undefined ? `known: ${this.#names.join(', ')}` : `did you mean "${near}"?`;
    return `the context has no member "${name}"; ${known}`;
  }
}

function memberAt(value: unknown, path: readonly string[]): Json {
  let at: unknown = value;
  for (const name of path)
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : null;
  return plain(at);
}

/** CEL has whole numbers of their own. */
function celOf(value: unknown): Record<string, unknown> {
  const converted = mapped(value, (one) =>
    typeof one === 'number' && Number.isSafeInteger(one) ? BigInt(one) : one,
  );
  return typeof converted === 'object' && converted !== null ? { ...converted } : {};
}

/** What an expression resulted in, as JSON. What is not JSON the chart refuses. */
function plain(value: unknown): Json {
  return mapped(value, (one) => (typeof one === 'bigint' ? Number(one) : one)) as Json;
}

function mapped(value: unknown, leaf: (one: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => mapped(one, leaf));
  if (typeof value !== 'object' || value === null) return leaf(value) ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapped(one, leaf)]));
}
