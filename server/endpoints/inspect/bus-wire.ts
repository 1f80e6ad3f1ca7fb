import { z } from 'zod';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { Clock } from '../../../machines/clock.ts';
import { liveSession, sessionId } from './wire.ts';

/** What servers and inspectors say to each other on the bus. Not for other programs: it changes with any version. */

/**
 * What an inspector (a server with open pages) wants. It holds for `LEASE_MS` and is said anew every `RENEW_MS`; one
 * that wants nothing gives its lease up.
 */
export const lease = z.object({
  watcher: z.string(),
  /** The list of live sessions … */
  list: z.boolean(),
  /** … from the beginning: else what changed is enough. */
  full: z.boolean(),
  /** Sessions whose feed is wanted … */
  sessions: z.array(sessionId),
  /** … and of these, those that are to say where their feed begins. */
  fresh: z.array(sessionId),
});
export type Lease = z.infer<typeof lease>;

/** Live sessions of one server: those that changed and those that are gone; if `full`, it has no others. */
export const presence = z.object({
  server: z.string(),
  full: z.boolean(),
  sessions: z.array(liveSession),
  gone: z.array(z.string()),
});
export type Presence = z.infer<typeof presence>;

/** To the server that runs a session: a page of what its store has. */
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

/** The bus as all parts of a server's inspector use it. */
export interface InspectBus {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Name of this process, one token of a subject. */
  readonly server: string;
  /** What could not be told; the sessions go on. */
  readonly onProblem: (error: unknown) => void;
}

/** Publishes and never throws: no session fails because it is looked at. */
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

/** Undefined if it is no JSON: the schema refuses it. */
export function decode(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
}
