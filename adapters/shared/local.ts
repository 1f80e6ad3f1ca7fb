import {
  SHARED_AREAS,
  type SharedArea,
  type SharedEntry,
  type SharedKey,
  type SharedStore,
} from '../../actors/ports/shared-store.ts';
import type { Json } from '../../machines/json.ts';
import { areaOf } from './keys.ts';

/** Values of all areas together; of more, the oldest go. */
const MAX_VALUES = 10_000;

/** The shared state of one process. */
export function localShared(nowMs: () => number): SharedStore {
  /** The oldest first. */
  const entries = new Map<SharedKey, SharedEntry & { readonly untilMs: number }>();
  const watchers = new Set<{
    readonly area: SharedArea;
    readonly onChange: Parameters<SharedStore['watch']>[1];
  }>();
  let revisions = 0;

  const current = (key: SharedKey) => {
    const entry = entries.get(key);
    if (!entry || entry.untilMs > nowMs()) return entry;
    entries.delete(key);
    return undefined;
  };
  const notify = (key: SharedKey, value: Json | undefined) => {
    for (const { area, onChange } of watchers) if (area === areaOf(key)) onChange(key, value);
  };
  const put = (key: SharedKey, value: Json, ttlMs = Number.POSITIVE_INFINITY) => {
    const keptMs = Math.min(ttlMs, SHARED_AREAS[areaOf(key)].keptMs ?? Number.POSITIVE_INFINITY);
    revisions += 1;
    entries.delete(key);
    entries.set(key, { value: structuredClone(value), revision: revisions, untilMs: nowMs() + keptMs });
    const [oldest] = entries.keys();
    if (entries.size > MAX_VALUES && oldest !== undefined) entries.delete(oldest);
    notify(key, value);
  };
  const remove = (key: SharedKey) => {
    if (entries.delete(key)) notify(key, undefined);
  };
  const keys = (area: SharedArea) =>
    [...entries.keys()].filter((key) => areaOf(key) === area && current(key) !== undefined);

  return {
    async get(key) {
      const entry = current(key);
      return entry && { value: structuredClone(entry.value), revision: entry.revision };
    },
    put: async (key, value, ttlMs) => put(key, value, ttlMs),
    async swap(key, value, revision, ttlMs) {
      if ((current(key)?.revision ?? 0) !== revision) return false;
      put(key, value, ttlMs);
      return true;
    },
    delete: async (key) => remove(key),
    keys: async (area) => keys(area),
    async clear(area) {
      for (const key of keys(area)) remove(key);
    },
    watch(area, onChange) {
      const watcher = { area, onChange };
      watchers.add(watcher);
      for (const key of keys(area)) onChange(key, current(key)?.value);
      return () => watchers.delete(watcher);
    },
    close: async () => watchers.clear(),
  };
}
