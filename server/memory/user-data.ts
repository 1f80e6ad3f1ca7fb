import type { EventStreams } from '../../actors/ports/event-stream.ts';
import type { Memory } from '../../actors/ports/memory.ts';
import type { SqliteStore } from '../../adapters/store/sqlite.ts';

/** Where the data of users are. */
export interface UserDataParts {
  readonly store: Pick<SqliteStore, 'deleteUser'>;
  /** Undefined if turns cause no events. */
  readonly streams?: Pick<EventStreams, 'forget'> | undefined;
  readonly memory: Memory | undefined;
}

/** What was deleted. `memories`: undefined if the memory does not say. */
export interface Deleted {
  readonly sessions: number;
  readonly memories?: number;
}

/**
 * Deletes a user: sessions with turns, journals, audio and events, the events in the streams, and the memory. When it
 * resolves, no file and no stream holds them any more. Rejects if any of these cannot be reached; then ask again.
 */
export async function deleteUserData(
  { store, streams, memory }: UserDataParts,
  user: string,
): Promise<Deleted> {
  // First, because the local memory is in the store: its number is known only now.
  const memories = await memory?.forget(user);
  const sessions = await store.deleteUser(user);
  await streams?.forget(sessions);
  return { sessions: sessions.length, ...(memories !== undefined && { memories }) };
}
