import {
  type AnyStateMachine,
  type AnyTransitionDefinition,
  and,
  createActor,
  type EventObject,
  type MachineContext,
  or,
  type StateValue,
} from 'xstate';
import { type TransitionInfo, transitionsOf } from '../../../machines/chart-description.ts';
import type { KernelEvent } from '../../../machines/kernel.ts';
import type { SessionParameters } from '../../../machines/parameters.ts';
import type { SessionContext } from '../../../machines/session/context.ts';
import type { MachineEvent } from '../../../machines/session/effects.ts';
import { type SessionMachine, sessionMachine } from '../../../machines/session/machine.ts';

/** Result of a guard for a considered transition. */
export interface GuardResult {
  /** Id of the transition; see `TransitionInfo`. */
  readonly transition: string;
  readonly passed: boolean;
}

/**
 * Makes `machine` report the result of each guard whenever a transition is considered. It changes the machine's own
 * definitions, so pass one that is not shared. The machine's behaviour stays the same.
 */
export function recordGuards(machine: AnyStateMachine, report: (result: GuardResult) => void): void {
  for (const [definition, { id }] of transitionsOf(machine)) {
    const { guard } = definition;
    if (guard === undefined) continue;
    const note = (passed: boolean) => () => {
      report({ transition: id, passed });
      return passed;
    };
    // XState types a guard only where the chart is written; this one was accepted there.
    const known = guard as Parameters<typeof and<MachineContext, EventObject, never>>[0][number];
    definition.guard = or([and([known, note(true)]), note(false)]);
  }
}

/** Explains the effect of an event. */
export interface Explanation {
  /** Ids of the transitions taken, in order, including eventless ones. */
  readonly taken: readonly string[];
  /** Guard results, in order of evaluation. */
  readonly guards: readonly GuardResult[];
}

/**
 * Explains which transitions an event took and what the guards returned, from the state before it. For inspection of a
 * recorded session: it has its own machine, no side effects and no memory.
 */
export class Explainer {
  /** By id, in the chart's order. */
  readonly transitions: ReadonlyMap<string, TransitionInfo>;
  readonly #machine: SessionMachine;
  readonly #infos: ReadonlyMap<AnyTransitionDefinition, TransitionInfo>;
  readonly #scope: Parameters<SessionMachine['transition']>[2];
  #taken: string[] = [];
  #guards: GuardResult[] = [];

  /** `parameters` of the session: its guards depend on them. */
  constructor(parameters: SessionParameters) {
    const machine = sessionMachine(parameters);
    // Taken before the guards are wrapped, so that names are those of the chart.
    this.#infos = transitionsOf(machine);
    this.transitions = new Map([...this.#infos.values()].map((info) => [info.id, info]));
    recordGuards(machine, (result) => this.#guards.push(result));
    this.#machine = machine;
    // Never started: XState requires an actor, and reports each microstep to its inspector.
    const self = createActor(machine, {
      input: { language: 'en', outputRate: 24_000, seed: 0, memory: false },
      inspect: (event) => {
        if (event.type === '@xstate.microstep') this.#note(event._transitions);
      },
    });
    this.#scope = {
      self,
      id: self.id,
      sessionId: self.sessionId,
      system: self.system,
      logger: () => {},
      defer: () => {},
      emit: () => {},
      stopChild: () => {},
      actionExecutor: () => {},
    };
  }

  /** Explains `event` at `atMs`; `value` and `context` are the state before it. */
  explain(value: StateValue, context: SessionContext, event: KernelEvent, atMs: number): Explanation {
    this.#taken = [];
    this.#guards = [];
    const before = this.#machine.resolveState({ value, context: { ...context, nowMs: atMs } });
    // A session that has ended handles no events.
    if (before.status === 'active') this.#machine.transition(before, event as MachineEvent, this.#scope);
    return { taken: this.#taken, guards: this.#guards };
  }

  #note(definitions: readonly AnyTransitionDefinition[]): void {
    for (const definition of definitions) {
      const info = this.#infos.get(definition);
      // The initial transitions of compound states are not transitions of the chart.
      if (info) this.#taken.push(info.id);
    }
  }
}
