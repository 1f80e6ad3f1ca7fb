/** A form, and what has been filled in of it. Pure: each step takes a state and returns the next one. */
import type { Json, JsonObject } from '../../json.ts';
import type { Answer } from '../../policies/answers.ts';

export interface FormField<Slot extends string = string> {
  /** The name of the value; also the name of its slot, unless `slot` has another one. */
  readonly name: string;
  readonly slot?: Slot;
  /** Only an optional field has none. */
  readonly question?: string;
  /** Said when it asks again, in this order. Default: the question. */
  readonly reprompts?: readonly string[];
  /** Ways to say the value inside a sentence, such as `to {city}`, if two fields have the same slot. */
  readonly phrases?: readonly string[];
  /** How users and the confirmation name the field. Default: users, by its name; the confirmation, not at all. */
  readonly label?: string;
  /** It is not asked for, but taken if it is said. */
  readonly optional?: boolean;
  readonly check?: FieldCheck;
  /** A value of which the recogniser is less sure is confirmed first, from 0 to 1. Default: none is. */
  readonly confirmBelow?: number;
}

/** Values that a field takes of those that its slot has. */
export interface FieldCheck {
  readonly min?: number;
  readonly max?: number;
  readonly among?: readonly (string | number | boolean)[];
  readonly except?: readonly (string | number | boolean)[];
  /** Said about another value. `{value}` is the value. */
  readonly says?: string;
}

export interface FormInput<Slot extends string = string> {
  readonly fields: readonly FormField<Slot>[];
  /** The confirmation at the end: with `{name}` for values; `true`: it lists them; `false`: there is none. Default: `true`. */
  readonly confirm?: boolean | string;
  /** Number of times that each question is asked again. Default: 2. */
  readonly retries?: number;
  /** Wait for an answer, ms. Default: 8,000. */
  readonly silenceMs?: number;
  /** Values that are known already, by the names of their fields. */
  readonly known?: JsonObject;
}

/** A value, and how it is said. */
export interface Filled {
  readonly value: Json;
  readonly said: string;
}

/** A value in words, and the fields that may have it. */
export interface FoundValue extends Filled {
  readonly fields: readonly string[];
  /** "not milk": the field does not have it. */
  readonly negated?: true;
}

/** What words say about a form. */
export interface FormReading {
  readonly values: readonly FoundValue[];
  /** Fields that are named without a value: "the size is wrong". */
  readonly named: readonly string[];
  /** "no", "I meant": it is about the newest value. */
  readonly corrects: boolean;
  readonly command?: FormCommand;
}

/** Say it again, give up, begin anew, all of it is wrong, the newest value is wrong. */
export type FormCommand = 'repeat' | 'cancel' | 'restart' | 'wrong';

export interface FormState {
  readonly values: Readonly<Record<string, Filled>>;
  /** The fields in the order in which they were filled. */
  readonly order: readonly string[];
  /** Values that are to be confirmed first. */
  readonly doubts: Readonly<Record<string, Filled>>;
  /** After a no to the confirmation: what is to be changed? */
  readonly changing?: boolean;
  /** Said before the next question. */
  readonly notice?: FormNotice;
  /** Number of answers to this question that were none. */
  readonly tries: number;
}

export type FormNotice = { readonly type: 'restarted' } | { readonly type: 'refused'; readonly says: string };

/** The question of the moment. */
export type FormQuestion =
  | { readonly type: 'field'; readonly field: FormField }
  | { readonly type: 'doubt'; readonly values: readonly string[] }
  | { readonly type: 'change' }
  | { readonly type: 'confirm' };

export type FormEvent =
  | { readonly type: 'silence' }
  /** Words that say nothing about the form. */
  | { readonly type: 'unmatched' }
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'heard'; readonly reading: FormReading; readonly confidence?: number };

export type FormEnd = 'done' | 'cancelled' | 'noInput' | 'noMatch';

export interface FormStep {
  readonly state: FormState;
  readonly end?: FormEnd;
}

const RETRIES = 2;

export function newForm({ known = {} }: FormInput): FormState {
  const values = Object.entries(known).map(
    ([name, value]) => [name, { value, said: String(value) }] as const,
  );
  return { values: Object.fromEntries(values), order: Object.keys(known), doubts: {}, tries: 0 };
}

/** What is asked now; undefined if the form is complete. */
export function questionOf(form: FormInput, state: FormState): FormQuestion | undefined {
  const doubted = Object.values(state.doubts).map(({ said }) => said);
  if (doubted.length > 0) return { type: 'doubt', values: doubted };
  if (state.changing) return { type: 'change' };
  const field = form.fields.find(({ name, optional }) => !optional && !state.values[name]);
  if (field) return { type: 'field', field };
  return form.confirm === false ? undefined : { type: 'confirm' };
}

/** One step of the form. */
export function stepForm(form: FormInput, state: FormState, event: FormEvent): FormStep {
  const { notice: _, ...before } = state;
  switch (event.type) {
    case 'silence':
      return again(form, before, 'noInput');
    case 'unmatched':
      return again(form, before, 'noMatch');
    case 'answer':
      return answered(form, before, event.answer);
    case 'heard':
      return heard(form, before, event);
  }
}

/** Whether a yes or a no answers the question of the moment. */
export function takesAnswer(question: FormQuestion | undefined): boolean {
  return question !== undefined && question.type !== 'field';
}

function answered(form: FormInput, state: FormState, answer: Answer): FormStep {
  switch (questionOf(form, state)?.type) {
    case 'confirm':
      return answer === 'yes' ? { state, end: 'done' } : { state: { ...state, changing: true, tries: 0 } };
    case 'doubt': {
      const sure = answer === 'yes' ? { ...state, ...filled(state, state.doubts) } : state;
      const next = { ...sure, doubts: {} };
      return answer === 'yes' ? ended(form, { ...next, tries: 0 }) : again(form, next, 'noMatch');
    }
    case 'change':
      // "What shall I change?" "No, nothing.": the confirmation comes again.
      if (answer === 'no') return { state: { ...state, changing: false, tries: 0 } };
      return again(form, state, 'noMatch');
    default:
      return again(form, state, 'noMatch');
  }
}

function heard(
  form: FormInput,
  state: FormState,
  { reading, confidence = 1 }: Extract<FormEvent, { type: 'heard' }>,
): FormStep {
  switch (reading.command) {
    case 'repeat':
      return { state };
    case 'cancel':
      return { state, end: 'cancelled' };
    case 'restart':
      return { state: { ...newForm({ ...form, known: {} }), notice: { type: 'restarted' } } };
    case 'wrong':
      return ended(form, without(state, state.order.slice(-1)));
  }
  let next: FormState = { ...state, changing: false, doubts: {} };
  const found = assigned(form, next, reading);
  next = without(next, [
    ...found.filter(({ negated }) => negated).map(({ field }) => field),
    ...reading.named,
  ]);
  const refusals: string[] = [];
  let progress = false;
  for (const { field, negated, value, said } of found) {
    if (negated) continue;
    const refusal = refusalOf(form, field, value, said);
    if (refusal !== undefined) {
      refusals.push(refusal);
      continue;
    }
    progress = true;
    const one = { [field]: { value, said } };
    if (confidence < (fieldOf(form, field)?.confirmBelow ?? 0)) {
      // It is asked for again if the answer is no.
      next = { ...without(next, [field]), doubts: { ...next.doubts, ...one } };
    } else next = { ...next, ...filled(next, one) };
  }
  const [says] = refusals;
  if (says === undefined) return ended(form, { ...next, tries: 0 });
  const refused = { ...next, notice: { type: 'refused', says } } as const;
  return progress ? { state: { ...refused, tries: 0 } } : again(form, refused, 'noMatch');
}

interface Assigned extends Filled {
  readonly field: string;
  readonly negated?: true;
}

/** Which field each value is for. */
function assigned(form: FormInput, state: FormState, { values, corrects }: FormReading): readonly Assigned[] {
  const asked = questionOf(form, state);
  const askedField = asked?.type === 'field' ? asked.field.name : undefined;
  const last = state.order.at(-1);
  const taken = new Set<string>();
  const negated = new Set<string>();
  return values.map(({ fields, ...found }) => {
    const free = fields.filter((name) => !taken.has(name));
    const choices = free.length > 0 ? free : fields;
    const holds = choices.find((name) => sameValue(state.values[name]?.value, found.value));
    const missing = choices.find((name) => !state.values[name]);
    const field =
      (found.negated ? holds : choices.find((name) => negated.has(name))) ??
      (corrects ? choices.find((name) => name === last) : undefined) ??
      choices.find((name) => name === askedField) ??
      missing ??
      choices.find((name) => name === last) ??
      choices[0] ??
      '';
    if (found.negated) negated.add(field);
    else taken.add(field);
    return { ...found, field };
  });
}

function refusalOf(form: FormInput, name: string, value: Json, said: string): string | undefined {
  const { check } = fieldOf(form, name) ?? {};
  if (!check) return undefined;
  const { min = -Infinity, max = Infinity, among, except = [], says = '' } = check;
  const isNumber = typeof value === 'number';
  const isIn = (list: readonly Json[]) => list.some((one) => sameValue(one, value));
  const fits = !(isNumber && (value < min || value > max)) && (!among || isIn(among)) && !isIn(except);
  return fits ? undefined : says.replaceAll('{value}', () => said);
}

function sameValue(one: Json | undefined, other: Json): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

function fieldOf({ fields }: FormInput, name: string): FormField | undefined {
  return fields.find((field) => field.name === name);
}

function filled(state: FormState, values: FormState['values']): Pick<FormState, 'values' | 'order'> {
  const names = Object.keys(values);
  return {
    values: { ...state.values, ...values },
    order: [...state.order.filter((name) => !names.includes(name)), ...names],
  };
}

function without(state: FormState, names: readonly string[]): FormState {
  const kept = Object.entries(state.values).filter(([name]) => !names.includes(name));
  return {
    ...state,
    values: Object.fromEntries(kept),
    order: state.order.filter((name) => !names.includes(name)),
  };
}

function ended(form: FormInput, state: FormState): FormStep {
  return questionOf(form, state) ? { state } : { state, end: 'done' };
}

/** The question comes again, unless it came too often. */
function again(form: FormInput, state: FormState, why: 'noInput' | 'noMatch'): FormStep {
  if (state.tries >= (form.retries ?? RETRIES)) return { state, end: why };
  return { state: { ...state, tries: state.tries + 1 } };
}
