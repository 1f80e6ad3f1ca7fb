/** The parts that a behaviour invokes: what each gets, and what it ends with. */
import type { JsonObject } from '../json.ts';

/** What becomes of a text that the user interrupts: it ends, its rest is said later, or all of it again. */
export type WhenInterrupted = 'drop' | 'resume' | 'repeat';

export interface SayInput {
  /** With `{name}` for members of the context. Of several texts the session's seed picks one. */
  readonly text: string | readonly string[];
  /** It interrupts another reply, but not a person. */
  readonly urgent?: boolean;
  /** Default: `drop`. */
  readonly whenInterrupted?: WhenInterrupted;
}

export interface SayOutput {
  /** The part of the text that was heard. */
  readonly heard: string;
  readonly complete: boolean;
}

export interface AskInput<Phrase extends string = string, Slot extends string = string> {
  readonly question: string;
  /** The answer is a value of this slot. */
  readonly slot?: Slot;
  /** The answer is one of these phrases. */
  readonly phrases?: readonly Phrase[];
  /** Any other words are an answer too. */
  readonly anything?: boolean;
  /** Number of times that it asks again. Default: 2. */
  readonly retries?: number;
  /** Wait for an answer, ms. Default: 8,000. */
  readonly silenceMs?: number;
  /** Said when it asks again, in this order. Default: the question. */
  readonly reprompts?: readonly string[];
  /** An answer that the recogniser is less sure of is confirmed first, from 0 to 1. Default: none is. */
  readonly confirmBelow?: number;
}

export interface AskOutput<Phrase extends string = string, Values = Readonly<Record<string, unknown>>> {
  readonly slots: Values;
  readonly phrase?: Phrase;
  /** As the user said it. */
  readonly text: string;
  readonly confidence?: number;
}

export interface FormOutput<Values = Readonly<Record<string, unknown>>> {
  /** By the names of the fields. */
  readonly slots: Values & Readonly<Record<string, unknown>>;
}

export interface ModelInput {
  /** In place of the engine's own instructions. */
  readonly instructions: string;
  /** What the user said. Default: the words of the turn that led here. */
  readonly words?: string;
  /** JSON schema of an object: the model fills it from the words, and says nothing. */
  readonly schema?: JsonObject;
  /** Longest silence of the model, ms. Default: 15,000. */
  readonly timeoutMs?: number;
}

/** Without a schema, what was said; with one, the values. */
export interface ModelOutput {
  readonly text?: string;
  readonly heard?: string;
  readonly complete?: boolean;
  readonly values?: JsonObject;
}

export interface ActInput {
  readonly name: string;
  readonly args?: JsonObject;
}
