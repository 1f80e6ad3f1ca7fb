import type { EventStreams } from '../../actors/ports/event-stream.ts';
import type { Memory } from '../../actors/ports/memory.ts';
import type { SqliteStore } from '../../adapters/store/sqlite.ts';
import type { Failover } from '../failover/failover.ts';

/** Where the data of users are. */
export interface UserDataParts {
  readonly store: Pick<SqliteStore, 'deleteUser'>;
  /** Undefined if turns cause no events. */
  readonly streams?: Pick<EventStreams, 'forget'> | undefined;
  readonly memory: Memory | undefined;
  /** Undefined if no other server can have the sessions. */
  readonly failover?: Pick<Failover, 'forget'> | undefined;
  /** Deletes from what servers share. */
  readonly forgetEverywhere?: ((user: string) => Promise<void>) | undefined;
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
  { store, streams, memory, failover, forgetEverywhere }: UserDataParts,
  user: string,
): Promise<Deleted> {
  await forgetEverywhere?.(user);
  // First, because the local memory is in the store: its number is known only now.
  const memories = await memory?.forget(user);
  const sessions = await store.deleteUser(user);
  await streams?.forget(sessions);
  await failover?.forget(user, sessions);
  return { sessions: sessions.length, ...(memories !== undefined && { memories }) };
}

/** How a server deletes users: from what it keeps itself, and everywhere. Nothing for a store of an embedder. */
export function userDeletion(
  { deleteUser, streams }: { deleteUser?: SqliteStore['deleteUser']; streams?: UserDataParts['streams'] },
  memory: Memory | undefined,
  { forget }: { forget(user: string): Promise<void> },
  failover: UserDataParts['failover'],
) {
  if (!deleteUser) return {};
  const own = { store: { deleteUser }, streams, memory, failover };
  return {
    here: (user: string) => deleteUserData(own, user),
    everywhere: (user: string) => deleteUserData({ ...own, forgetEverywhere: forget }, user),
  };
}
