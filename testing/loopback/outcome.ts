import { ParleyError } from '../../machines/errors.ts';

/** Events of an engine's iterable, and how it ended. */
export interface Outcome<T> {
  readonly events: readonly T[];
  /** `done`, or the code of the ParleyError that ended it. */
  readonly end: string;
  readonly error?: ParleyError;
}

/** Reads `iterable` to its end. Rejects only with errors that are not ParleyErrors. */
export async function outcomeOf<T>(iterable: AsyncIterable<T>): Promise<Outcome<T>> {
  const events: T[] = [];
  try {
    for await (const event of iterable) events.push(event);
    return { events, end: 'done' };
  } catch (error) {
    if (error instanceof ParleyError) return { events, end: error.code, error };
    throw error;
  }
}
