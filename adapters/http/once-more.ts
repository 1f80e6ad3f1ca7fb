import { APIError } from 'openai';
import { realClock } from '../real-clock.ts';
import type { Call } from './calls.ts';

/** What a server answers that is not ready yet, such as while it loads a model. */
const NOT_READY: ReadonlySet<number> = new Set([502, 503, 504]);
const TOO_MANY = 429;
/** Until the second try, unless the server says when. */
const PAUSE_MS = 250;
/** A user does not wait longer; another engine of the chain may answer meanwhile. */
const LONGEST_MS = 2_000;

/** Asks a server that is not ready (502, 503, 504, or 429 with `Retry-After`) once more, within 2 s. The second error counts. */
export async function onceMore<Answer>(ask: () => Promise<Answer>, call: Call): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const pauseMs = error instanceof APIError ? pauseAfter(error) : undefined;
    if (pauseMs === undefined) throw error;
    await call.race(new Promise<void>((resolve) => realClock.setTimer(pauseMs, resolve)));
    return ask();
  }
}

function pauseAfter({ status, headers }: APIError): number | undefined {
  const saidMs = retryAfterMs(headers);
  if (saidMs !== undefined && saidMs > LONGEST_MS) return undefined;
  if (status !== undefined && NOT_READY.has(status)) return saidMs ?? PAUSE_MS;
  return status === TOO_MANY ? saidMs : undefined;
}

function retryAfterMs(headers: Headers | undefined): number | undefined {
  const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (inMs >= 0) return inMs;
  const seconds = Number.parseFloat(headers?.get('retry-after') ?? '');
  return seconds >= 0 ? seconds * 1_000 : undefined;
}
