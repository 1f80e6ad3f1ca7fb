import { INPUT_RATES, OUTPUT_RATES } from '../../../machines/audio.ts';
import {
  ATTENTION_STATES,
  PUBLIC_STATES,
  type Rejection,
  type ServerMessage,
} from '../../../machines/wire.ts';

/** A newer server may have codes that this client does not know. */
type Open<M> = M extends { type: 'error' | 'notice' }
  ? Omit<M, 'code'> & { readonly code: string }
  : M extends { type: 'transcript' }
    ? Omit<M, 'rejected'> & { readonly rejected?: Omit<Rejection, 'reason'> & { readonly reason: string } }
    : M;

/** A message of the server, as this client takes it. */
export type Heard = Open<ServerMessage>;

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const number: Check = (value) => typeof value === 'number';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const object: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    object(value) && Object.entries(checks).every(([name, check]) => check((value as never)[name]));
const numbers: Check = (value) => object(value) && Object.values(value as object).every(number);

/** A check for every field of the wire: one that the wire gains does not compile without. */
type Checks = {
  readonly [M in ServerMessage as M['type']]: { readonly [Field in Exclude<keyof M, 'type'>]-?: Check };
};

const CHECKS: Checks = {
  ready: {
    session: text,
    epoch: count,
    resumed: flag,
    secret: maybe(text),
    audio: fields({
      inputRate: oneOf(INPUT_RATES),
      outputRate: oneOf(OUTPUT_RATES),
      codec: maybe(oneOf(['opus'])),
      preSkip: maybe(count),
    }),
    input: maybe(oneOf(['text'])),
    output: maybe(oneOf(['text'])),
    actions: maybe(oneOf(['results'])),
  },
  state: {
    value: oneOf(PUBLIC_STATES),
    turn: count,
    generation: count,
    seq: count,
    at: number,
    actions: maybe(listOf(fields({ id: text, name: text }))),
  },
  speech: { event: oneOf(['start', 'stop']), at: number },
  transcript: {
    turn: count,
    text,
    final: flag,
    language: maybe(text),
    confidence: maybe(number),
    rejected: maybe(fields({ nearest: text, confidence: number, reason: text })),
    words: maybe(listOf(fields({ text, startMs: number, endMs: number }))),
  },
  reply: { turn: count, generation: count, text },
  emotion: { turn: count, generation: count, emotion: text },
  'reply.end': {
    turn: count,
    generation: count,
    reason: oneOf(['completed', 'interrupted', 'failed']),
    heard: text,
    timings: numbers,
    origin: maybe(oneOf(['behaviour'])),
  },
  playback: { generation: count, state: oneOf(['playing', 'ducked', 'paused']) },
  flush: { generation: count },
  notice: { code: text, message: text },
  attention: { state: oneOf(ATTENTION_STATES) },
  viseme: { generation: count, at: number, phoneme: text, viseme: number },
  action: {
    id: text,
    name: text,
    args: object,
    status: oneOf(['started', 'progress', 'done', 'cancelled', 'refused', 'failed']),
    key: maybe(text),
    runs: maybe(oneOf(['server'])),
    message: maybe(text),
    origin: maybe(oneOf(['behaviour'])),
  },
  report: { name: text, data: maybe(object) },
  hold: { held: flag, phrase: maybe(text) },
  ear: {
    at: number,
    levelDb: number,
    speech: number,
    echo: maybe(fields({ delayMs: maybe(number), removedDb: number, passed: number })),
  },
  error: { code: text, message: text, fatal: flag, retryAfterMs: maybe(number), server: maybe(text) },
};

const MESSAGES: ReadonlyMap<unknown, Check> = new Map(
  Object.entries(CHECKS).map(([type, checks]) => [type, fields(checks)]),
);

/** The message in a text frame, or undefined if this client does not know it. */
export function parseServerMessage(data: string): Heard | undefined {
  let message: { readonly type?: unknown } | null;
  try {
    message = JSON.parse(data);
  } catch {
    return undefined;
  }
  return MESSAGES.get(message?.type)?.(message) ? (message as Heard) : undefined;
}
