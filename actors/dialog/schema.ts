import { z } from 'zod';
import { INTERRUPTED_ACTIONS } from '../../machines/action-terms.ts';
import type { Json } from '../../machines/json.ts';

/** Maximum length of a reply, in characters: five minutes of speech. */
const MAX_REPLY_CHARS = 5_000;

const name = z
  .string()
  .regex(/^[A-Za-z][\w-]*$/, 'a name has letters, digits, "-" and "_", and starts with a letter');
const line = z.string().trim().min(1).max(MAX_REPLY_CHARS);
const oneOrMore = z.union([line.transform((only) => [only]), z.array(line).min(1)]);
const value = z.union([z.string(), z.number(), z.boolean()]);

const confidence = z.number().min(0).max(1);

const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(json), z.record(z.string(), json)]),
);

const rosName = z
  .string()
  .max(256)
  .regex(/^[/~]?\w[\w/]*$/, 'a ROS name is written as /drive_home');
const rosType = z
  .string()
  .max(256)
  .regex(/^\w+(\/(msg|srv|action))?\/\w+$/, 'a ROS type is written as std_srvs/srv/Trigger');

/** What executes an action on a robot with ROS. The arguments of the action are the request, message or goal. */
const ros = z.union(
  [
    z.strictObject({ service: rosName, type: rosType.optional(), cancel: rosName.optional() }),
    z.strictObject({ topic: rosName, type: rosType, stop: z.record(z.string(), json).optional() }),
    z.strictObject({ action: rosName, type: rosType }),
  ],
  { error: 'needs service; or topic and type; or action and type (docs/how-to/ros.md)' },
);
export type RosMapping = z.output<typeof ros>;

const action = z.strictObject({
  name,
  args: z.record(z.string(), json).default({}),
  durationMs: z.number().int().min(0).max(600_000).optional(),
  deadlineMs: z.number().int().min(1).max(86_400_000).optional(),
  ros: ros.optional(),
  moves: z.boolean().optional(),
  whenInterrupted: z.enum(INTERRUPTED_ACTIONS).optional(),
  group: name.optional(),
  done: oneOrMore.default([]),
  failed: oneOrMore.default([]),
  refused: oneOrMore.default([]),
});

const slotValues = z.union([line, z.array(line).min(1), z.record(line, value)]);
/** `secret`: what the user says for it is hidden everywhere but at the robot. */
const slot = z.union([z.strictObject({ type: slotValues, secret: z.boolean() }), slotValues]);

const entry = z
  .strictObject({
    id: name,
    phrases: oneOrMore,
    replies: oneOrMore.default([]),
    actions: z.array(action).max(10).default([]),
    halt: z.boolean().default(false),
    askBelow: confidence.optional(),
    defaults: z.record(name, value).default({}),
    remember: z.record(name, line).default({}),
  })
  .refine((one) => one.halt || one.replies.length + one.actions.length > 0, {
    message: 'an entry needs replies, actions or halt: true',
  })
  .refine((one) => !one.halt || one.actions.length === 0, {
    message: 'a voice stop cannot have actions, because it ends all of them; remove them',
    path: ['actions'],
  })
  .refine((one) => !one.halt || one.askBelow === undefined, {
    message: 'a voice stop is never confirmed first, because it must stop at once; remove askBelow',
    path: ['askBelow'],
  });

/** Schema of a dialog file, before phrases are parsed. See docs/how-to/dialog.md. */
export const dialogFile = z.strictObject({
  version: z.literal(1).default(1),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'a language is written as in BCP 47: en, zh-CN')
    .default('en'),
  name: line.default('Parley'),
  greeting: line.optional(),
  slots: z.record(name, slot).default({}),
  rules: z.record(name, line).default({}),
  notUnderstood: oneOrMore.default(['Sorry, I did not understand that.']),
  askBelow: z
    .strictObject({ actions: confidence.default(0.7), replies: confidence.default(0.5) })
    .prefault({}),
  fillers: z.array(line).default([]),
  wake: oneOrMore.default([]),
  backchannels: z.array(line).optional(),
  pronunciations: z.record(z.string(), z.string().trim().min(1)).default({}),
  entries: z.array(entry).min(1).max(500),
  /** The robot's task, which `server/behaviour/yaml` reads. */
  behaviour: z.unknown().optional(),
});

export type DialogFile = z.output<typeof dialogFile>;
