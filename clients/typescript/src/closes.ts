import { CLOSE_CODES } from '../../../machines/wire.ts';

export interface CloseAdvice {
  readonly words: string;
  /** Whether connecting again by itself can help. */
  readonly retry: boolean;
}

const ADVICE: ReadonlyMap<number, CloseAdvice> = new Map([
  [1000, { words: 'The session is over.', retry: false }],
  [CLOSE_CODES.badMessage, { words: 'The server could not read a message of this client.', retry: false }],
  [CLOSE_CODES.unauthorised, { words: 'The server requires an access token.', retry: false }],
  [CLOSE_CODES.idle, { words: 'Nothing was heard for too long, so the server ended it.', retry: false }],
  [CLOSE_CODES.superseded, { words: 'The session was taken over by another client.', retry: false }],
  [CLOSE_CODES.tooLarge, { words: 'A message was too large for the server.', retry: false }],
  [CLOSE_CODES.tooMany, { words: 'The server has no room for another session.', retry: true }],
  [CLOSE_CODES.draining, { words: 'The server is shutting down.', retry: true }],
  [CLOSE_CODES.slowReader, { words: 'The network was too slow for the audio.', retry: true }],
]);

/** What a close code means for the user. Codes that are not Parley's are a lost connection. */
export function closeAdvice(code: number): CloseAdvice {
  return ADVICE.get(code) ?? { words: 'The connection to the server was lost.', retry: true };
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 8_000;

/**
 * How long to wait before attempt `attempt` (from 0): doubling, capped, and spread by `random` (0..1) over the upper
 * half so that many clients do not come back at once.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}

/** The address of the same endpoint at another server; `url` itself if that would give up encryption, or is not an address. */
export function movedTo(url: string, server: string): string {
  if (!URL.canParse(server)) return url;
  const [moved, { protocol, host }] = [new URL(url), new URL(server)];
  if (!/^wss?:$/.test(protocol) || (moved.protocol === 'wss:' && protocol === 'ws:')) return url;
  moved.protocol = protocol;
  moved.host = host;
  // Setting a host without a port leaves the port before.
  moved.port = new URL(server).port;
  return moved.href;
}
