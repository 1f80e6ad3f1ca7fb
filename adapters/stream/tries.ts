import type { DeadLetter, EventHandler, StreamEvent } from '../../actors/ports/event-stream.ts';

/** How a consumer treats an event that it cannot handle. */
export interface TryLimits {
  /** Tries before an event becomes a dead letter. Default 5. */
  readonly maxTries: number;
  /** Wait before the second try, ms; it doubles with each further one. Default 1,000. */
  readonly retryMs: number;
}

export const defaultTryLimits: TryLimits = { maxTries: 5, retryMs: 1_000 };

/** Longest wait between two tries, ms. */
const LONGEST_MS = 60_000;

/**
 * One try. Resolves with undefined if the event was handled, with the wait in ms before the next try, or with a dead
 * letter.
 */
export async function attempt(
  event: StreamEvent,
  tries: number,
  handle: EventHandler,
  { maxTries, retryMs }: TryLimits,
): Promise<undefined | number | DeadLetter> {
  try {
    await handle(event);
    return undefined;
  } catch (thrown) {
    if (tries < maxTries) return Math.min(retryMs * 2 ** (tries - 1), LONGEST_MS);
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    return { event, error, tries, at: new Date().toISOString() };
  }
}
