/** Values of a behaviour must be JSON, so that a session can be stored and replayed. */
import type { Json, JsonObject } from '../json.ts';

/** What was found to be JSON and frozen: a context mostly consists of parts of the last one. */
const checked = new WeakSet<object>();
const MAX_DEPTH = 32;

/** Freezes a value that is JSON, apart from members that are undefined. Throws TypeError with the path of anything else. */
export function frozen(value: unknown, path: string, depth = 0): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value === undefined)
    return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which is not JSON`);
    return;
  }
  if (typeof value !== 'object') throw new TypeError(`${path} is a ${typeof value}, which is not JSON`);
  if (checked.has(value)) return;
  if (depth > MAX_DEPTH) throw new TypeError(`${path} has more than ${MAX_DEPTH} levels`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`${path} is not a plain object, which is not JSON`);
  for (const key of Object.keys(value)) frozen(Reflect.get(value, key), `${path}.${key}`, depth + 1);
  Object.freeze(value);
  checked.add(value);
}

export function frozenObject(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${path} is not an object`);
  frozen(value, path);
}

/** The same value without members that are undefined. */
export function plainJson(value: unknown, path: string): Json {
  frozen(value, path);
  return JSON.parse(JSON.stringify(value ?? null));
}

export function plainObject(value: unknown, path: string): JsonObject {
  frozenObject(value, path);
  return JSON.parse(JSON.stringify(value));
}
