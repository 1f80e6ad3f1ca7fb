import { ParleyError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';

const MAX_NAME = 64;

/** The fields of one input. Each getter throws BEHAVIOUR_INVALID if the field is not of its type. */
export class Fields {
  readonly #what: string;
  readonly #given: JsonObject;

  constructor(what: string, given: Json, known: readonly string[]) {
    this.#what = what;
    this.#given = isObject(given) ? given : this.fail('input', 'must be an object');
    const unknown = Object.keys(this.#given).find((name) => !known.includes(name));
    if (unknown !== undefined) this.fail(unknown, `is unknown; ${what} takes ${known.join(', ')}`);
  }

  of(name: string): Json | undefined {
    return this.#given[name];
  }

  text(name: string): string {
    const value = this.of(name);
    return typeof value === 'string' && value !== '' ? value : this.fail(name, 'must be a text');
  }

  name(name: string): string {
    const value = this.text(name);
    return value.length <= MAX_NAME ? value : this.fail(name, `must have at most ${MAX_NAME} characters`);
  }

  texts(name: string): readonly string[] {
    const value = this.of(name);
    if (!isList(value) || value.length === 0) return this.fail(name, 'must be a list of texts');
    return value.map((one) =>
      typeof one === 'string' && one !== '' ? one : this.fail(name, 'must be a list of texts'),
    );
  }

  flag(name: string): boolean | undefined {
    const value = this.of(name);
    return value === undefined || typeof value === 'boolean'
      ? value
      : this.fail(name, 'must be true or false');
  }

  count(name: string, least: number, most: number): number | undefined {
    const value = this.of(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.fail(name, `must be a whole number from ${least}`);
  }

  share(name: string): number | undefined {
    const value = this.of(name);
    if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return value;
    return this.fail(name, 'must be a number from 0 to 1');
  }

  list(name: string): readonly Json[] | undefined {
    const value = this.of(name);
    return value === undefined || isList(value) ? value : this.fail(name, 'must be a list');
  }

  number(name: string): number | undefined {
    const value = this.of(name);
    return value === undefined || typeof value === 'number' ? value : this.fail(name, 'must be a number');
  }

  object(name: string): JsonObject | undefined {
    const value = this.of(name);
    return value === undefined || isObject(value) ? value : this.fail(name, 'must be an object');
  }

  fail(name: string, message: string): never {
    throw new ParleyError('BEHAVIOUR_INVALID', `${this.#what}: ${name} ${message}`);
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
