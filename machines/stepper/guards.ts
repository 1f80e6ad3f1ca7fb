/** Guards, read once from what XState made of their configuration. */
import { and, matchesState, not, or, type StateValue, stateIn } from 'xstate';
import { type Scope, Unsupported } from './operations.ts';

/** Guards by the names that the chart gives them. */
export type Guards = Readonly<Record<string, unknown>>;

/** What must hold for a transition to be taken. */
export type Guard =
  | { readonly kind: 'test'; readonly test: (scope: Scope) => boolean }
  | { readonly kind: 'in'; readonly value: StateValue }
  | { readonly kind: 'not' | 'all' | 'any'; readonly of: readonly Guard[] };

/** XState's own guards are functions that carry what they were made of; their names are a bundler's to change. */
const checkOf = (guard: object): unknown => Reflect.get(guard, 'check');
const IN = checkOf(stateIn(''));
const KINDS: ReadonlyMap<unknown, 'not' | 'all' | 'any'> = new Map([
  [checkOf(not('')), 'not'],
  [checkOf(and([])), 'all'],
  [checkOf(or([])), 'any'],
]);

/** Throws Unsupported. */
export function guardOf(given: unknown, named: Guards): Guard {
  const guard = typeof given === 'string' ? named[given] : given;
  if (typeof guard !== 'function') throw new Unsupported(`the guard ${String(given)}`);
  const check = checkOf(guard);
  if (check === undefined)
    return { kind: 'test', test: (scope) => Boolean(Reflect.apply(guard, undefined, [scope])) };
  const value: unknown = Reflect.get(guard, 'stateValue');
  if (check === IN && isStateValue(value)) return { kind: 'in', value };
  const kind = KINDS.get(check);
  const inner: unknown = Reflect.get(guard, 'guards');
  if (!kind || !Array.isArray(inner)) throw new Unsupported(`the guard ${guard.name}`);
  return { kind, of: inner.map((one) => guardOf(one, named)) };
}

/** What a guard comes to where the chart is at `value`: a verdict, or what is left to be asked. */
export function guardAt(guard: Guard, value: StateValue): boolean | ((scope: Scope) => boolean) {
  if (guard.kind === 'test') return guard.test;
  if (guard.kind === 'in') return matchesState(guard.value, value);
  const parts = guard.of.map((one) => guardAt(one, value));
  if (guard.kind === 'not') {
    const [part = true] = parts;
    return typeof part === 'boolean' ? !part : (scope) => !part(scope);
  }
  const decisive = guard.kind === 'any';
  if (parts.includes(decisive)) return decisive;
  const open = parts.filter((part) => typeof part === 'function');
  if (open.length === 0) return !decisive;
  return decisive
    ? (scope) => open.some((test) => test(scope))
    : (scope) => open.every((test) => test(scope));
}

/** Ids of states (`#id`) are no values. */
function isStateValue(value: unknown): value is StateValue {
  return typeof value === 'string' ? !value.startsWith('#') : typeof value === 'object' && value !== null;
}
