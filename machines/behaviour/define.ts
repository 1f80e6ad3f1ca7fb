/** How a behaviour is written: `behaviour({ … }).createMachine({ … })`. Exported to users as `parley-voice/behaviour`. */
import { fromPromise, type MachineContext, type PromiseActorLogic, setup } from 'xstate';
import type { Json, JsonObject } from '../json.ts';
import type { BehaviourEvent, EventTypes, PhraseFault, SlotTypes, SlotValues } from './define-types.ts';
import type { FormInput } from './form/form.ts';
import type {
  ActInput,
  AskInput,
  AskOutput,
  FormOutput,
  ModelInput,
  ModelOutput,
  SayInput,
  SayOutput,
} from './parts.ts';

export { and, assign, enqueueActions, not, or, raise, stateIn } from 'xstate';
export type * from './define-types.ts';
export type { FieldCheck, FormField, FormInput } from './form/form.ts';
export type * from './parts.ts';

/** The names of the parts that a behaviour invokes. */
export const PARTS = ['say', 'ask', 'form', 'act', 'tool', 'model'] as const;
/** The names of the actions that have an effect outside of the chart. */
export const EFFECTS = ['say', 'report'] as const;

/** A behaviour besides its chart. */
export interface BehaviourDefinition {
  readonly id: string;
  /** Of the chart and its context. Default: `1`. */
  readonly version?: string | undefined;
  /** BCP 47. Default: `en`. */
  readonly language?: string | undefined;
  /** By name: sentences that people say, as in a dialog file. */
  readonly phrases: Readonly<Record<string, readonly string[]>>;
  /** Types of the slots in the phrases, as in a dialog file. */
  readonly slots: SlotTypes;
  /** By name: the fields of each event of the robot. */
  readonly robotEvents: EventTypes;
}

/**
 * Describes a behaviour. The result makes its chart with `createMachine`, as XState's `setup` does; with `extend` it takes
 * named actions, guards and delays first. `types` has the type of the context.
 */
export function behaviour<
  const Phrases extends Readonly<Record<string, readonly string[]>>,
  const Slots extends SlotTypes = Record<never, never>,
  const Robot extends EventTypes = Record<never, never>,
  Context extends MachineContext = MachineContext,
>(of: {
  readonly id: string;
  readonly version?: string;
  readonly language?: string;
  readonly phrases: Phrases & { readonly [Name in keyof Phrases]: PhraseFault<Phrases[Name], Slots> };
  readonly slots?: Slots;
  readonly robotEvents?: Robot;
  readonly types?: { readonly context: Context };
}) {
  const { id, version, language, phrases, slots = {}, robotEvents = {} } = of;
  const definition: BehaviourDefinition = { id, version, language, phrases, slots, robotEvents };
  return setup({
    types: {} as {
      context: Context;
      events: BehaviourEvent<Phrases, Slots, Robot>;
    },
    actors: {
      say: sayPart(definition),
      ask: part<
        AskOutput<keyof Phrases & string, SlotValues<Slots>>,
        AskInput<keyof Phrases & string, keyof Slots & string>
      >(),
      form: part<FormOutput<SlotValues<Slots>>, FormInput<keyof Slots & string>>(),
      act: part<JsonObject, ActInput>(),
      tool: part<JsonObject, ActInput>(),
      model: part<ModelOutput, ModelInput>(),
    },
    actions: {
      /** Says a text when the floor is free, and does not wait for its end. */
      say: (_, _params: SayInput) => {},
      /** Reports something to the client. */
      report: (_, _params: { readonly name: string; readonly data?: JsonObject }) => {},
    },
  });
}

/** The action that says a text: `actions: say('I am on my way to room {room}.')`. */
export function say(text: string | readonly string[], more: Omit<SayInput, 'text'> = {}) {
  return { type: 'say' as const, params: { text, ...more } };
}

/** The action that reports something to the client. */
export function report(name: string, data?: Readonly<Record<string, Json>>) {
  return { type: 'report' as const, params: { name, ...(data && { data }) } };
}

/** The definition travels with the chart: Parley finds it in the implementations of a machine. */
function sayPart(
  definition: BehaviourDefinition,
): PromiseActorLogic<SayOutput, SayInput> & { readonly definition: BehaviourDefinition } {
  return { ...part<SayOutput, SayInput>(), definition };
}

/** Parley runs the part; the chart has only its types. */
function part<Output, Input>(): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(() => new Promise<Output>(() => {}));
}
