import type { StateValue } from 'xstate';
import type { Command } from '../session/commands.ts';
import type { SessionContext, SessionInput } from '../session/context.ts';
import type { MachineEvent } from '../session/effects.ts';
import type { PublicState } from '../wire.ts';

/** Told what a step wants done, in order. */
export interface EffectSink {
  command(command: Command): void;
  spawn(id: string, input: unknown): void;
  stop(id: string): void;
  /** `id` is also the type of the event that the delay fires. */
  delay(id: string, delayMs: number): void;
  cancel(id: string): void;
}

/** Where a session is. Immutable. */
export interface StepperState {
  readonly value: StateValue;
  readonly state: PublicState;
  readonly context: SessionContext;
  readonly ended: boolean;
}

/** The statechart as something that is stepped: nothing is done, the sink is told. */
export interface Stepper {
  start(input: SessionInput, sink: EffectSink): StepperState;
  /** `context` takes the place of the state's own. */
  step(state: StepperState, context: SessionContext, event: MachineEvent, sink: EffectSink): StepperState;
}
