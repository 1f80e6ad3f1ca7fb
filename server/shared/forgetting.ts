import { z } from 'zod';
import type { SharedStore } from '../../actors/ports/shared-store.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { forgetContexts } from './session-contexts.ts';

const order = z.object({ user: z.string(), atMs: z.number(), by: z.string() });

/** Deletes a user from the shared state, and orders the other servers to delete what they have. */
export async function forgetEverywhere(store: SharedStore, user: string, by: string): Promise<void> {
  await store.put(`forget:${sha256(user)}`, { user, atMs: Date.now(), by });
  await forgetContexts(store, user);
  // The results do not say whose calls they were.
  await store.clear('tool_cache');
}

/** Calls back with each user whom another server than `self` deletes from now on. Returns how to stop that. */
export function watchForgetting(store: SharedStore, self: string, onForget: (user: string) => void) {
  const sinceMs = Date.now();
  return store.watch('forget', (_key, value) => {
    const parsed = order.safeParse(value);
    if (parsed.success && parsed.data.by !== self && parsed.data.atMs >= sinceMs) onForget(parsed.data.user);
  });
}
