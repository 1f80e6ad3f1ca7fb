/** Names of the streams and buckets that Parley keeps in NATS JetStream: the only place that defines them. */
import type { Role } from './ports/event-stream.ts';
import type { SharedArea } from './ports/shared-store.ts';

/** Bucket of the files that servers share. */
export const FILES = 'parley-phrases';
/** Bucket of the records of live sessions. */
export const RECORDS = 'parley-sessions';
/** Bucket of an area of the shared state. */
export function bucketOf(area: SharedArea): string {
  return `parley-${area}`;
}

/** Stream of the events of a role; the broker allows no dots. */
export function streamOf(name: Role | 'dead'): string {
  return `events-${name}`;
}

/** The last token is the session, so that its events can be found and erased. */
export function subjectOf(name: Role | 'dead', session: string): string {
  return `events.${name}.${session}`;
}
