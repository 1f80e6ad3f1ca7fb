import { z } from 'zod';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { Clock } from '../../../machines/clock.ts';
import { parseJson } from '../../../machines/json.ts';
import { liveSession, sessionId } from './wire.ts';

/** Messages between servers and inspectors on the bus. Internal: they may change with any version. */

/** The subscriptions of an inspector (a server with open pages). A lease is valid for `LEASE_MS` and renewed every `RENEW_MS`. A lease without subscriptions ends it.
 */
export const lease = z.object({
  watcher: z.string(),
  /** The list of live sessions … */
  list: z.boolean(),
  /** … complete; otherwise only changes. */
  full: z.boolean(),
  /** Sessions whose feed is requested … */
  sessions: z.array(sessionId),
  /** … and those of them that must report where their feed begins. */
  fresh: z.array(sessionId),
});
export type Lease = z.infer<typeof lease>;

/** Live sessions of one server: changed ones and ended ones; if `full`, the complete list. */
export const presence = z.object({
  server: z.string(),
  full: z.boolean(),
  sessions: z.array(liveSession),
  gone: z.array(z.string()),
});
export type Presence = z.infer<typeof presence>;

/** Request to the server that runs a session: a page from its store. */
export const question = z.object({
  what: z.enum(['journal', 'turns', 'audio']),
  session: sessionId,
  from: z.int().nonnegative(),
  limit: z.int().positive(),
});
export type Question = z.infer<typeof question>;

/** A lease that is not renewed ends after this. */
export const LEASE_MS = 15_000;
export const RENEW_MS = 5_000;

/** The bus of a server's inspector. */
export interface InspectBus {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Name of this process, one token of a subject. */
  readonly server: string;
  /** Receives errors of publishing; sessions continue. */
  readonly onProblem: (error: unknown) => void;
}

/** Publishes and never throws, so that inspection cannot make a session fail. */
export function tell(
  { bus, onProblem }: InspectBus,
  subject: string,
  message: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  try {
    bus.publish(subject, encode(message), { headers });
  } catch (error) {
    onProblem(error);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encode(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Undefined for invalid JSON, which the schema then refuses. */
export function decode(payload: Uint8Array): unknown {
  return parseJson(decoder.decode(payload));
}
