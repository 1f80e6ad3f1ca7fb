import { z } from 'zod';

/** Version of these messages, in the handshake. During a roll a supervisor of one version meets processes of another. */
export const MESSAGES_VERSION = 1;

const session = z.string();
/** Of a question, so that its answer finds it. */
const id = z.int();

/** A message on the bus of one process, for those of the others. */
const published = z.object({
  type: z.literal('published'),
  subject: z.string(),
  payload: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  headers: z.record(z.string(), z.string()),
});

/** From a process to its supervisor, and back. Structured clones, so that bytes stay bytes. */
export const fromProcess = z.discriminatedUnion('type', [
  /** It serves. `url`: where its siblings reach it; `left`: sessions that a process before has left in the data directory. */
  z.object({
    ...{ type: z.literal('ready'), url: z.string(), left: z.array(session) },
    version: z.int().default(MESSAGES_VERSION),
  }),
  /** Each second: how late its timers fire, ms. */
  z.object({ type: z.literal('load'), lateMs: z.number() }),
  /** The answer to `check`: it runs. */
  z.object({ type: z.literal('checked') }),
  z.object({ type: z.literal('opened'), session }),
  z.object({ type: z.literal('closed'), session }),
  /** Who runs the session? `failed`: the one that was named does not have it. */
  z.object({ type: z.literal('find'), id, session, failed: z.boolean() }),
  z.object({ type: z.literal('sessions'), id }),
  z.object({ type: z.literal('metrics'), id }),
  /** Its own, as asked by `measure`. */
  z.object({ type: z.literal('measured'), id, metrics: z.unknown() }),
  published,
]);
export type FromProcess = z.infer<typeof fromProcess>;

export const toProcess = z.discriminatedUnion('type', [
  /** Comes with the socket. */
  z.object({ type: z.literal('connection') }),
  /** End as soon as the sessions rest, at the latest after `graceMs`. */
  z.object({ type: z.literal('leave'), graceMs: z.number() }),
  /** Nobody came back to these sessions of a process before: they are lost. */
  z.object({ type: z.literal('lost'), sessions: z.array(session) }),
  /** `url`: of who runs the session. `yours`: nobody does; whoever asked may continue it. */
  z.object({ type: z.literal('found'), id, url: z.string().optional(), yours: z.boolean() }),
  z.object({ type: z.literal('all'), id, sessions: z.array(session) }),
  z.object({ type: z.literal('measure'), id }),
  /** Does it still run? */
  z.object({ type: z.literal('check') }),
  /** Of all processes. */
  z.object({ type: z.literal('metered'), id, metrics: z.array(z.unknown()) }),
  published,
]);
export type ToProcess = z.infer<typeof toProcess>;

/** The type of a message that the other side sent and this version does not know, for the log. */
export function typeOf(raw: unknown): string {
  const type = typeof raw === 'object' && raw !== null && 'type' in raw ? raw.type : undefined;
  return typeof type === 'string' ? type.slice(0, 40) : typeof raw;
}
