/** Actions of a behaviour, as the conversation runs them. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Json, JsonObject } from '../json.ts';
import type { ModelEvent } from '../session/events.ts';
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

/** The paths of the states that invoke, by the ids of their invocations. The same object for all sessions. */
const paths = new WeakMap<AnyStateMachine, ReadonlyMap<string, string>>();

/** The path of the state that invokes, such as `delivery.driving`; of its further invocations with their index. */
export function pathOf(invocation: string, { definition, machine }: BehaviourProgram): string {
  const known = paths.get(machine) ?? new Map(invocationsBelow(machine.root, definition.id));
  paths.set(machine, known);
  return known.get(invocation) ?? invocation;
}

function invocationsBelow(node: AnyStateNode, path: string): readonly (readonly [string, string])[] {
  return [
    ...node.invoke.map(({ id }, at) => [id, at === 0 ? path : `${path}.${at}`] as const),
    ...Object.values(node.states).flatMap((child) => invocationsBelow(child, `${path}.${child.key}`)),
  ];
}

export function isModelEvent(event: { readonly type: string }): event is ModelEvent {
  return event.type.startsWith('model.');
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
