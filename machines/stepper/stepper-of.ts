import type { SessionMachine } from '../session/machine.ts';
import { FlatStepper } from './flat-stepper.ts';
import { Unsupported } from './operations.ts';
import type { Stepper } from './stepper.ts';
import { XStateStepper } from './xstate-stepper.ts';

const steppers = new WeakMap<SessionMachine, Stepper>();

/** The cheapest way to step a machine: by tables if they can tell all that it asks for, else by XState itself. */
export function stepperOf(machine: SessionMachine): Stepper {
  let stepper = steppers.get(machine);
  if (!stepper) {
    stepper = newStepper(machine);
    steppers.set(machine, stepper);
  }
  return stepper;
}

function newStepper(machine: SessionMachine): Stepper {
  try {
    return new FlatStepper(machine);
  } catch (error) {
    if (error instanceof Unsupported) return new XStateStepper(machine);
    throw error;
  }
}
