/** The state of a behaviour, as plain JSON. */
import type { StateValue } from 'xstate';
import type { ErrorRecord } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import type { FormInput, FormState } from './form/form.ts';
import type { ActInput, AskInput, ModelInput, WhenInterrupted } from './parts.ts';

export interface BehaviourSnapshot {
  readonly status: 'active' | 'done' | 'failed';
  readonly error?: ErrorRecord;
  readonly chart: ChartSnapshot;
  /** The parts that run, by the id of their invocation. */
  readonly parts: Readonly<Record<string, Part>>;
  /** How often each invocation has begun. */
  readonly entries: Readonly<Record<string, number>>;
  /** Texts that wait for the floor, in order. */
  readonly waiting: readonly Speech[];
  /** The text that is said. */
  readonly saying?: Saying;
  /** Number of texts so far. */
  readonly texts: number;
  /** The state in which the user's silence is measured. */
  readonly quiet?: string;
  /** Ends of parts that a voice stop cancelled: the chart gets them after `rearmed`. */
  readonly held: readonly PartEnd[];
}

export interface ChartSnapshot {
  readonly value: StateValue;
  readonly context: JsonObject;
  /** Ids of the states that history states remember. */
  readonly history?: Readonly<Record<string, readonly string[]>>;
  /** The events of its delays, by id, where they are not `{ type: id }`. */
  readonly delayed?: Readonly<Record<string, Json>>;
}

export type Part = SayPart | AskPart | FormPart | ActPart | ModelPart;

export interface SayPart {
  readonly kind: 'say';
  readonly entry: number;
}

export interface AskPart {
  readonly kind: 'ask';
  readonly entry: number;
  readonly input: AskInput;
  /** Number of answers that were none. */
  readonly tries: number;
  /** Whether the user has the question. Otherwise it is asked when the floor is free. */
  readonly asked: boolean;
  /** An answer that is to be confirmed first. */
  readonly doubt?: AskResult | undefined;
}

export interface FormPart {
  readonly kind: 'form';
  readonly entry: number;
  readonly input: FormInput;
  readonly state: FormState;
  readonly asked: boolean;
}

/** The result of a question, as its `onDone` gets it. */
export type AskResult = JsonObject & {
  readonly slots: JsonObject;
  readonly text: string;
  readonly phrase?: string;
  readonly confidence?: number;
};

export interface ActPart {
  readonly kind: 'act' | 'tool';
  readonly entry: number;
  readonly input: ActInput;
  /** Of the action in the conversation: the state's path and the entry. */
  readonly action: string;
}

export interface ModelPart {
  readonly kind: 'model';
  readonly entry: number;
  readonly input: ModelInput;
  /** What it has said so far, in whole sentences; and the beginning of the next one. */
  readonly text: string;
  readonly rest: string;
  /** Number of sentences that have not ended. */
  readonly waiting: number;
  readonly heard: string;
  /** The engine has ended, or is not wanted any more. */
  readonly answered?: boolean;
}

/** A text of the behaviour. */
export interface Speech {
  readonly id: string;
  /** The invocation that says it; absent for one that no part waits for. */
  readonly part?: string;
  /** Of the part. */
  readonly entry?: number;
  readonly text: string;
  readonly urgent?: true;
  readonly whenInterrupted?: WhenInterrupted;
  /** Heard of it so far, with `resume`. */
  readonly heard?: string;
}

interface Saying {
  readonly speech: Speech;
  /** Of the reply. */
  readonly generation: number;
  /** The state that said it was left: it is being flushed. */
  readonly hushed?: true;
}

/** How a part ended. */
export interface PartEnd {
  readonly part: string;
  readonly entry: number;
  readonly how: 'done' | 'error';
  readonly result: Json;
}
