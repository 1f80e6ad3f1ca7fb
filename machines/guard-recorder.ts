import { type AnyStateMachine, and, type EventObject, type MachineContext, or } from 'xstate';
import { transitionsOf } from './chart-description.ts';

/** What a guard said of a transition that was considered. */
export interface GuardResult {
  /** Id of the transition; see `TransitionInfo`. */
  readonly transition: string;
  readonly passed: boolean;
}

/**
 * Has `machine` tell, from now on, what each guard says whenever a transition is considered. It changes the machine's
 * own definitions: give it one that nobody else uses. What the machine does stays the same.
 */
export function recordGuards(machine: AnyStateMachine, tell: (result: GuardResult) => void): void {
  for (const [definition, { id }] of transitionsOf(machine)) {
    const { guard } = definition;
    if (guard === undefined) continue;
    const note = (passed: boolean) => () => {
      tell({ transition: id, passed });
      return passed;
    };
    // XState tells what a guard may be only where the chart is written; here it is one that it took there.
    const known = guard as Parameters<typeof and<MachineContext, EventObject, never>>[0][number];
    definition.guard = or([and([known, note(true)]), note(false)]);
  }
}
