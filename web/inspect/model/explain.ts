import {
  type AnyStateMachine,
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
import { makeSessionMachine, type SessionMachine } from '../../../machines/session/machine.ts';
import type { MachineEvent, SessionContext } from '../../../machines/session/model.ts';
import { type RegionStates, sessionValue } from '../../../machines/session/regions.ts';

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

/** The state before an event, as a journal has it. */
export interface StateBefore {
  readonly value: StateValue;
  readonly regions?: RegionStates | undefined;
  readonly context: SessionContext;
}

/** Explains the effect of an event. */
export interface Explanation {
  /** Ids of the transitions taken, in order, including eventless ones. */
  readonly taken: readonly string[];
  /** Guard results, in order of evaluation. */
  readonly guards: readonly GuardResult[];
}

/** A machine that reports what its steps asked and took; it decides as the plain one does. */
export interface TracedMachine {
  readonly machine: SessionMachine;
  /** By id, in the chart's order. */
  readonly transitions: ReadonlyMap<string, TransitionInfo>;
  /** What happened since the last call. */
  take(): Explanation;
}

export function tracedMachine(): TracedMachine {
  const machine = makeSessionMachine();
  // Taken before the guards are wrapped, so that names are those of the chart.
  const infos = transitionsOf(machine);
  let taken: string[] = [];
  let guards: GuardResult[] = [];
  recordGuards(machine, (result) => guards.push(result));
  const transition = machine.transition.bind(machine);
  const seen = new WeakSet<object>();
  machine.transition = (snapshot, event, scope) => {
    if (!seen.has(scope)) {
      seen.add(scope);
      scope.system.inspect((inspected) => {
        if (inspected.type !== '@xstate.microstep') return;
        // The initial transitions of compound states are not transitions of the chart.
        for (const definition of inspected._transitions) {
          const info = infos.get(definition);
          if (info) taken.push(info.id);
        }
      });
    }
    return transition(snapshot, event, scope);
  };
  return {
    machine,
    transitions: new Map([...infos.values()].map((info) => [info.id, info])),
    take() {
      const explanation = { taken, guards };
      taken = [];
      guards = [];
      return explanation;
    },
  };
}

/**
 * Explains which transitions an event took and what the guards returned, from the state before it. For inspection of a
 * recorded session: it has its own machine, no side effects and no memory.
 */
export class Explainer {
  readonly #traced: TracedMachine;
  readonly #parameters: SessionParameters;
  readonly #scope: Parameters<SessionMachine['transition']>[2];

  /** `parameters` of the session: its guards depend on them. */
  constructor(parameters: SessionParameters) {
    this.#parameters = parameters;
    this.#traced = tracedMachine();
    // Never started: XState requires an actor.
    const self = createActor(this.#traced.machine, {
      input: { input: { language: 'en', outputRate: 24_000, seed: 0, memory: false }, parameters },
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

  /** Explains `event` at `atMs`, from the state before it. */
  explain({ value, regions, context }: StateBefore, event: KernelEvent, atMs: number): Explanation {
    const { machine, take } = this.#traced;
    const before = machine.resolveState({
      value: sessionValue(value, regions),
      context: { ...context, parameters: this.#parameters, nowMs: atMs },
    });
    take();
    // A session that has ended handles no events.
    if (value !== 'ended') machine.transition(before, event as MachineEvent, this.#scope);
    return take();
  }
}
