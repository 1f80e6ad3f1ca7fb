/** What a session needs of a behaviour: the same object for all sessions of a process. */
import type { AnyStateMachine } from 'xstate';
import type { JsonObject } from '../json.ts';
import type { ChartStep } from './chart.ts';
import type { BehaviourDefinition } from './define.ts';
import type { FormField, FormReading, FormState } from './form/form.ts';
import type { BehaviourSnapshot } from './snapshot.ts';
import type { Task } from './task.ts';

export interface BehaviourProgram {
  readonly definition: BehaviourDefinition;
  /** It is not run as an actor: the kernel steps it. */
  readonly machine: AnyStateMachine;
  /** The task of a new session, or of one that goes on from a snapshot. A kernel without a behaviour does not load its code. */
  readonly begin: (seed: number, from?: BehaviourSnapshot) => Task;
  /** What words mean among those that are wanted now; undefined: nothing. Pure. */
  readonly understand: (words: string, wanted: Wanted) => Understood | undefined;
  /** Throws BEHAVIOUR_INVALID if a form with these fields cannot be read. */
  readonly checkForm: (fields: readonly FormField[]) => void;
  /** Learns each step of each chart. Tests use it. */
  readonly watch?: (step: ChartStep) => void;
  /** What is wrong with the arguments of a tool, by its JSON schema; undefined if they fit. Pure. */
  readonly fits: (parameters: JsonObject, args: JsonObject) => string | undefined;
  /** Whether the dialog file has an answer to these words. Pure. */
  readonly answeredByDialog: (words: string, language: string) => boolean;
}

/** What may be said now. */
export interface Wanted {
  readonly phrases: readonly string[];
  /** An open question, whose answers come first. */
  readonly answer?: {
    readonly slot?: string | undefined;
    readonly phrases?: readonly string[] | undefined;
    readonly form?: WantedForm;
  };
}

/** An open form. `asked`: the field that it asks for. */
export interface WantedForm {
  readonly fields: readonly FormField[];
  readonly asked: string | undefined;
  readonly values: FormState['values'];
}

export interface Understood {
  /** Whether it answers the open question. */
  readonly answers: boolean;
  readonly phrase?: string;
  readonly slots: JsonObject;
  readonly form?: FormReading;
}

/** The identity of a behaviour, in the input of each of its sessions. */
export interface BehaviourIdentity {
  readonly id: string;
  readonly version: string;
}

export function identityOf({ definition: { id, version = '1' } }: BehaviourProgram): BehaviourIdentity {
  return { id, version };
}
