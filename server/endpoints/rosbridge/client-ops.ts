import { z } from 'zod';
import { parseRosJson } from '../../../adapters/rosbridge/json.ts';

/** Characters of a name or type. */
const MAX_NAME = 256;
/** Smaller fragments would be mostly headers. */
const MIN_FRAGMENT_CHARS = 100;
export const MAX_FRAGMENTS = 256;

const name = z.string().min(1).max(MAX_NAME);
const id = z.union([z.string().max(MAX_NAME), z.number()]);
const optionalId = id.nullish();
const flag = z.boolean().nullish();
const anything = z.unknown().optional();
const count = z.int().min(0).nullish();

const policy = (...names: [string, ...string[]]) =>
  z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(names))
    .nullish();
const seconds = z.number().min(0);
const duration = z
  .union([seconds, z.object({ secs: seconds, nsecs: seconds }), z.enum(['infinite', 'best_available'])])
  .nullish();
/** Quality of service, as ROS 2 has it. A WebSocket is reliable and in order, so only `depth` has an effect. */
const qos = z
  .object({
    history: policy('keep_last', 'keep_all'),
    depth: count,
    reliability: policy('reliable', 'best_effort', 'best_available'),
    durability: policy('transient_local', 'volatile', 'best_available'),
    deadline: duration,
    lifespan: duration,
  })
  .nullish();

const form = {
  fragment_size: z.int().min(MIN_FRAGMENT_CHARS).nullish(),
  compression: z.string().max(MAX_NAME).nullish(),
};

/** Operations that clients send, as the rosbridge protocol 2.1 describes them. Further fields are ignored. */
export const clientOp = z.discriminatedUnion('op', [
  z.object({ op: z.literal('advertise'), id: optionalId, topic: name, type: name, qos }),
  z.object({ op: z.literal('unadvertise'), id: optionalId, topic: name }),
  z.object({ op: z.literal('publish'), id: optionalId, topic: name, msg: anything }),
  z.object({
    ...{ op: z.literal('subscribe'), id: optionalId, topic: name, type: name.nullish() },
    ...{ throttle_rate: z.number().min(0).nullish(), queue_length: count, qos, ...form },
  }),
  z.object({ op: z.literal('unsubscribe'), id: optionalId, topic: name }),
  z.object({ op: z.literal('call_service'), id: optionalId, service: name, args: anything, ...form }),
  z.object({ op: z.literal('advertise_service'), id: optionalId, service: name, type: name }),
  z.object({ op: z.literal('unadvertise_service'), id: optionalId, service: name }),
  z.object({
    ...{ op: z.literal('service_response'), id: optionalId, service: name },
    ...{ values: anything, result: z.boolean() },
  }),
  z.object({ op: z.literal('advertise_action'), id: optionalId, action: name, type: name }),
  z.object({ op: z.literal('unadvertise_action'), id: optionalId, action: name }),
  z.object({ op: z.literal('send_action_goal'), id: optionalId, action: name, feedback: flag }),
  z.object({ op: z.literal('cancel_action_goal'), id: optionalId, action: name }),
  z.object({ op: z.literal('action_feedback'), id, action: name, values: anything }),
  z.object({
    ...{ op: z.literal('action_result'), id, action: name, values: anything },
    ...{ status: z.int().nullish(), result: z.boolean() },
  }),
  z.object({
    op: z.literal('fragment'),
    id,
    data: z.string(),
    num: z
      .int()
      .min(0)
      .max(MAX_FRAGMENTS - 1),
    // rosbridge_suite writes it with a fraction.
    total: z.number().min(1).transform(Math.floor).pipe(z.int().max(MAX_FRAGMENTS)),
  }),
  z.object({ op: z.literal('png'), id: optionalId }),
  z.object({
    op: z.literal('set_level'),
    id: optionalId,
    level: z.enum(['none', 'error', 'warning', 'info']),
  }),
  z.object({ op: z.literal('status'), id: optionalId }),
  z.object({ op: z.literal('auth'), id: optionalId }),
]);

export type ClientOp = z.output<typeof clientOp>;
export type OpOf<Op extends ClientOp['op']> = Extract<ClientOp, { op: Op }>;
export type OpId = z.output<typeof id>;

const OPS: readonly string[] = clientOp.options.map((option) => option.shape.op.value);

export type ParsedOp =
  | { readonly ok: true; readonly op: ClientOp }
  | { readonly ok: false; readonly why: string; readonly id: OpId | undefined };

/** Parses a text message. `why` repeats at most a short word of the input. */
export function parseClientOp(text: string): ParsedOp {
  let json: unknown;
  try {
    json = parseRosJson(text);
  } catch {
    return { ok: false, why: 'invalid JSON', id: undefined };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { ok: false, why: 'a message is a JSON object with op', id: undefined };
  const named = 'id' in json ? id.safeParse(json.id).data : undefined;
  const given = 'op' in json ? json.op : undefined;
  if (typeof given !== 'string' || !OPS.includes(given)) {
    const what = typeof given === 'string' ? JSON.stringify(given.slice(0, 40)) : 'none';
    return { ok: false, why: `unknown op: ${what}; supported: ${OPS.join(', ')}`, id: named };
  }
  const parsed = clientOp.safeParse(json);
  if (parsed.success) return { ok: true, op: parsed.data };
  return { ok: false, why: `${given}: ${problemsOf(parsed.error)}`, id: named };
}

/** Where a value is wrong, and how. */
export function problemsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'message'}: ${message}`).join('; ');
}
