/** `behaviour:` of a YAML file, as it is written. */
import { z } from 'zod';

const name = z.string().regex(/^[A-Za-z_][\w-]*$/u, 'a name has letters, digits, _ and -');
const texts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const say = z.union([
  texts,
  z.strictObject({
    text: texts,
    urgent: z.boolean().exactOptional(),
    whenInterrupted: z.enum(['drop', 'resume', 'repeat']).exactOptional(),
  }),
]);
const report = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), data: z.record(z.string(), z.json()).exactOptional() }),
]);
/** Values in CEL, by member of the context. */
const set = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const step = z.strictObject({
  when: z.string().min(1).exactOptional(),
  set: set.exactOptional(),
  say: say.exactOptional(),
  report: report.exactOptional(),
  goto: z.string().min(1).exactOptional(),
});
const way = z.union([z.string().min(1), step]);
const ways = z.union([way, z.array(way).min(1)]);
const input = z.record(z.string(), z.json());

/** The parts, by their keys. */
export const PART_KEYS = {
  ask: 'ask',
  do: 'act',
  form: 'form',
  model: 'model',
  tool: 'tool',
} as const;

const own = z.strictObject({
  initial: name.exactOptional(),
  /** A part if `on` has `done`, else said at the entry. */
  say: say.exactOptional(),
  report: report.exactOptional(),
  set: set.exactOptional(),
  ask: input.exactOptional(),
  do: z.union([z.string().min(1), input]).exactOptional(),
  form: input.exactOptional(),
  model: input.exactOptional(),
  tool: input.exactOptional(),
  on: z.record(z.string().min(1), ways).exactOptional(),
  /** By ms. */
  after: z.record(z.string().regex(/^\d+$/u, 'a time is written in ms'), ways).exactOptional(),
  /** Taken at once, if a condition holds. */
  goto: ways.exactOptional(),
});

export interface State extends z.output<typeof own> {
  readonly states?: Readonly<Record<string, State | null>>;
}

const states: z.ZodType<Readonly<Record<string, State | null>>> = z.lazy(() =>
  z.record(name, state.nullable()),
);
const state: z.ZodType<State> = own.extend({ states: states.exactOptional() });

export const behaviourFile = own.omit({ say: true, report: true, set: true, goto: true }).extend({
  states: states.exactOptional(),
  id: name,
  version: z.union([z.string(), z.number()]).exactOptional(),
  language: z.string().exactOptional(),
  phrases: z.record(name, texts).default({}),
  slots: z
    .record(
      name,
      z.union([
        z.string(),
        z.array(z.string()),
        z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      ]),
    )
    .default({}),
  robotEvents: z
    .record(
      z.string().min(1),
      z
        .record(z.string(), z.enum(['number', 'string', 'boolean', 'number?', 'string?', 'boolean?']))
        .nullable(),
    )
    .default({}),
  context: z.record(name, z.json()).default({}),
});

export type Ways = z.output<typeof ways>;
/** Keys that the file may have, for hints. */
export const KEYS: readonly string[] = [
  ...new Set([own, step, behaviourFile].flatMap(({ shape }) => Object.keys(shape))),
];

export type BehaviourFile = z.output<typeof behaviourFile>;
export type Say = z.output<typeof say>;
export type Report = z.output<typeof report>;
