/** Actions of a behaviour, as the conversation runs them. */
import type { Json, JsonObject } from '../json.ts';
import type { BehaviourProgram } from './program.ts';

/** An event of the session, of which only some members matter here. */
export interface Happened {
  readonly type: string;
  readonly id?: string;
  readonly data?: JsonObject;
  readonly message?: string;
  readonly result?: Json;
  readonly error?: { readonly message: string };
}

/** The path of the state that invokes, without the index of its first invocation: `0.(machine).driving` → `delivery.driving`. */
export function pathOf(invocation: string, { definition, machine }: BehaviourProgram): string {
  const [index = '', ...path] = invocation.split('.');
  const named = path.join('.').replace(machine.id, definition.id);
  return index === '0' ? named : `${named}.${index}`;
}

/** What an event says of the action that it has ended. */
export function resultIn(
  event: Happened | undefined,
  { id, message: told }: { readonly id: string; readonly message?: string },
): { readonly code?: string; readonly message?: string; readonly data?: JsonObject } {
  const known = told === undefined ? {} : { message: told };
  if (event?.type.startsWith('xstate.after.lastingDeadline')) return { ...known, code: 'timeout' };
  if (event?.id !== id) return known;
  const data = event.data ?? dataOf(event.result);
  const message = event.message ?? event.error?.message ?? told;
  return { ...(message !== undefined && { message }), ...(data && { data }) };
}

function dataOf(result: Json | undefined): JsonObject | undefined {
  return isObject(result) ? result : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
