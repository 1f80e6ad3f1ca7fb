import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { DoorRequest } from './door.ts';

/** Who may come back to a session after a lost connection: a client that knows its secret and wants the same session. */
export class Resumption {
  readonly secret: string;
  /** Digest of secret and wishes, from which the secret does not follow. It outlives the server. */
  readonly proof: string;
  /** Counts the connections of the session. */
  epoch: number;
  readonly #own: DoorRequest;

  /** `before`: of a session that goes on. */
  constructor(own: DoorRequest, before?: DoorRequest['resumes']) {
    this.#own = own;
    this.secret = before?.secret ?? randomUUID();
    // Newer than any at the server before, of which the client may have missed the last.
    this.epoch = before ? (before.epoch ?? 0) + 2 : 1;
    this.proof = proofOf(this.secret, own);
  }

  /** Whether a client that knows this secret and wants this may have the session. */
  fits(secret: string, wanted: DoorRequest): boolean {
    return sameSecret(secret, this.secret) && shapeOf(wanted) === shapeOf(this.#own);
  }
}

export function proofOf(secret: string, wanted: DoorRequest): string {
  return createHash('sha256')
    .update(`${secret} ${shapeOf(wanted)}`)
    .digest('hex');
}

/** What cannot change within a session. */
function shapeOf({ inputRate, outputRate, input = 'audio', output = 'audio', caller }: DoorRequest): string {
  return [inputRate, outputRate, input, output, caller.user].join();
}

function sameSecret(given: string, own: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(own)];
  return a.length === b.length && timingSafeEqual(a, b);
}
