import { timingSafeEqual } from 'node:crypto';

/** Whether a client gave the proof of a session. The time that it takes says nothing of it. */
export function isProof(own: string | undefined, given: string): boolean {
  return own?.length === given.length && timingSafeEqual(Buffer.from(own), Buffer.from(given));
}
