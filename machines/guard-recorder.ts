import { type AnyStateMachine, and, type EventObject, type MachineContext, or } from 'xstate';
import { transitionsOf } from './chart-description.ts';

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
