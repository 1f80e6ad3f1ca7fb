/** What states and transitions do, in a form that is cheap to run. */
import type { AnyStateMachine } from 'xstate';
import type { SessionContext } from '../session/context.ts';
import type { MachineEvent } from '../session/effects.ts';

/** The chart asks for something that is not done here; XState does it. */
export class Unsupported extends Error {}

/** What XState hands to the functions of a chart, as far as this chart's look at it. */
export interface Scope {
  context: SessionContext;
  event: MachineEvent;
}

/** What `enqueueActions` hands to its function. */
export interface Enqueue {
  (action: { readonly type: string; readonly params?: unknown }): void;
  assign(patch: Partial<SessionContext>): void;
  spawnChild(src: string, options: { readonly id: string; readonly input?: unknown }): void;
  stopChild(id: string): void;
}

export type Operation =
  | { readonly kind: 'collect'; readonly collect: (scope: Scope & { enqueue: Enqueue }) => void }
  | { readonly kind: 'raise'; readonly event: MachineEvent }
  | { readonly kind: 'delay'; readonly id: string; readonly delayMs: (scope: Scope) => number }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'spawn'; readonly id: string; readonly input: (scope: Scope) => unknown }
  | { readonly kind: 'stop'; readonly id: string };

/** Throws Unsupported. */
export function operationsOf(machine: AnyStateMachine, actions: readonly unknown[]): Operation[] {
  return actions.map((action) => operationOf(machine, action));
}

export function spawnOf(id: string, input: unknown): Operation {
  return { kind: 'spawn', id, input: asFunction(input) };
}

export function stopOf(id: string): Operation {
  return { kind: 'stop', id };
}

/** XState's builtin actions are functions that carry what they were made of. */
function operationOf(machine: AnyStateMachine, action: unknown): Operation {
  const { actions, delays } = machine.implementations;
  const resolved: unknown = typeof action === 'string' ? actions[action] : action;
  if (typeof resolved !== 'function') throw new Unsupported(`the action ${String(action)}`);
  const of = (name: string): unknown => Reflect.get(resolved, name);
  const id = of('id');
  switch (of('type')) {
    case 'xstate.enqueueActions': {
      const collect = of('collect');
      if (typeof collect !== 'function') break;
      return { kind: 'collect', collect: (scope) => void Reflect.apply(collect, undefined, [scope]) };
    }
    case 'xstate.cancel': {
      const sendId = of('sendId');
      if (typeof sendId === 'string') return { kind: 'cancel', id: sendId };
      break;
    }
    case 'xstate.raise': {
      const event = of('event');
      const delay = of('delay');
      if (!isEvent(event)) break;
      if (delay === undefined) return { kind: 'raise', event };
      const given: unknown = typeof delay === 'string' ? delays[delay] : delay;
      // The kernel knows a delay by the event that it fires.
      if (given === undefined || typeof id !== 'string' || id !== event.type) break;
      return { kind: 'delay', id, delayMs: numberFrom(asFunction(given), id) };
    }
  }
  throw new Unsupported(`an action of type ${String(of('type'))}`);
}

function numberFrom(given: (scope: Scope) => unknown, id: string): (scope: Scope) => number {
  return (scope) => {
    const delayMs = given(scope);
    if (typeof delayMs !== 'number') throw new TypeError(`the delay ${id} has no length`);
    return delayMs;
  };
}

/** A value as the function that gives it. */
export function asFunction(value: unknown): (scope: Scope) => unknown {
  if (typeof value !== 'function') return () => value;
  return (scope) => Reflect.apply(value, undefined, [scope]);
}

/** Events that the chart raises are written in it, where their types are checked. */
function isEvent(event: unknown): event is MachineEvent {
  return typeof event === 'object' && event !== null && typeof Reflect.get(event, 'type') === 'string';
}
