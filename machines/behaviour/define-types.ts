/** From the texts of a behaviour to the types of its events. */
import type { JsonObject } from '../json.ts';

/** A slot: a built-in type such as `number 1..40`, its words, or words with their values. */
export type SlotType = string | readonly string[] | Readonly<Record<string, string | number | boolean>>;
export type SlotTypes = Readonly<Record<string, SlotType>>;
/** Type of a field of a robot's event; with `?` it may be absent. */
export type FieldType = 'number' | 'string' | 'boolean' | 'number?' | 'string?' | 'boolean?';
export type EventTypes = Readonly<Record<string, Readonly<Record<string, FieldType>>>>;

type SlotValue<Type> = Type extends readonly (infer Word)[]
  ? Word
  : Type extends `list of ${string}`
    ? readonly (string | number | boolean)[]
    : Type extends 'date'
      ? SpokenDate
      : Type extends `number${string}` | `decimal${string}`
        ? number
        : Type extends string
          ? string
          : Type extends Readonly<Record<string, infer Value>>
            ? Value
            : never;

/** A date as it was said: days ahead, a weekday (1 is Monday), or the day of a month. */
export type SpokenDate =
  | { readonly offsetDays: number }
  | { readonly weekday: number }
  | { readonly month: number; readonly day: number };

/** Values of slots, those of which a sentence may fill any. */
export type SlotValues<Slots extends SlotTypes> = { readonly [Name in keyof Slots]?: SlotValue<Slots[Name]> };

/** The slots in a phrase: `[name, type]` for `{type}` and `{type:name}`. */
type SlotsIn<Phrase extends string> = Phrase extends `${string}{${infer Inside}}${infer Rest}`
  ? (Inside extends `${infer Type}:${infer Name}` ? [Name, Type] : [Inside, Inside]) | SlotsIn<Rest>
  : never;

/** The phrases themselves, or what is wrong with them. */
export type PhraseFault<Phrases extends readonly string[], Slots extends SlotTypes> = readonly {
  readonly [At in keyof Phrases]: Exclude<SlotsIn<Phrases[At]>[1], keyof Slots> extends never
    ? Phrases[At]
    : `unknown slot ${Exclude<SlotsIn<Phrases[At]>[1], keyof Slots> & string}`;
}[number][];

type HeardSlots<Phrases extends readonly string[], Slots extends SlotTypes> = {
  readonly [Slot in SlotsIn<Phrases[number]> as Slot[0]]?: Slot[1] extends keyof Slots
    ? SlotValue<Slots[Slot[1]]>
    : never;
};

type Field<Type extends FieldType> = Type extends `number${string}`
  ? number
  : Type extends `string${string}`
    ? string
    : boolean;

type Data<Fields extends Readonly<Record<string, FieldType>>> = {
  readonly [Name in keyof Fields as Fields[Name] extends `${string}?` ? never : Name]: Field<Fields[Name]>;
} & {
  readonly [Name in keyof Fields as Fields[Name] extends `${string}?` ? Name : never]?: Field<Fields[Name]>;
};

/** The events of a behaviour's chart. */
export type BehaviourEvent<
  Phrases extends Readonly<Record<string, readonly string[]>>,
  Slots extends SlotTypes,
  Robot extends EventTypes,
> =
  | {
      [Name in keyof Phrases & string]: {
        readonly type: `heard.${Name}`;
        readonly slots: HeardSlots<Phrases[Name], Slots>;
        readonly words: string;
        readonly confidence?: number;
      };
    }[keyof Phrases & string]
  | { [Name in keyof Robot & string]: { readonly type: `robot.${Name}` } & Data<Robot[Name]> }[keyof Robot &
      string]
  | { readonly type: 'heard'; readonly words: string; readonly confidence?: number }
  /** A text of the action `say` has ended. */
  | { readonly type: 'said'; readonly heard: string; readonly complete: boolean }
  /** The user said nothing for the state's `meta.silenceMs` (default: 8,000), while the floor was free. */
  | { readonly type: 'silence' }
  /** A voice stop is in force, or has ended. */
  | { readonly type: 'stopped' }
  | { readonly type: 'rearmed' }
  /** The client is away, or has come back. */
  | { readonly type: 'away' }
  | { readonly type: 'back' };

/** How an action or an answer failed: the `error` of `onError`. */
export interface PartError {
  /** `ask`: `noInput`, `noMatch`. `form`: also `cancelled`. `act`: `failed`, `refused`, `timeout`, `stopped`. */
  readonly code: 'cancelled' | 'noInput' | 'noMatch' | 'failed' | 'refused' | 'timeout' | 'stopped';
  readonly message?: string;
  readonly data?: JsonObject;
}
