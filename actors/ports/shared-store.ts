import type { Json } from '../../machines/json.ts';

/**
 * What servers share, by area, and how long a value is kept at most, ms. `private`: it may say what a user said, so it is
 * never on the broker's disk.
 */
export const SHARED_AREAS = {
  /** What the next session of a client needs that lost this one. */
  session: { keptMs: 3_600_000, private: true },
  /** Results of tools, by a hash of the call. */
  tool_cache: { keptMs: 86_400_000, private: true },
  /** Users whom all servers must forget, by a digest. */
  forget: { keptMs: 600_000, private: true },
  /** Parley's own phrases, by language. */
  template: { keptMs: undefined, private: false },
  /** What holds for all servers. */
  control: { keptMs: undefined, private: false },
} as const satisfies Record<string, { readonly keptMs: number | undefined; readonly private: boolean }>;

export type SharedArea = keyof typeof SHARED_AREAS;
/** The name has letters, digits, `-`, `_` and `=`. */
export type SharedKey = `${SharedArea}:${string}`;

export interface SharedEntry {
  readonly value: Json;
  /** Changes with each write of the key; never 0. */
  readonly revision: number;
}

/**
 * State that all servers of a broker have in common; without a broker, that of this process. Values are JSON of at most
 * some 100 kB. Rejects with BUS_UNREACHABLE; a caller on behalf of a conversation sets a limit and does without.
 */
export interface SharedStore {
  /** Undefined if there is none, or if its time is over. */
  get(key: SharedKey): Promise<SharedEntry | undefined>;
  /** `ttlMs`: at most, and by default, the time of its area. */
  put(key: SharedKey, value: Json, ttlMs?: number): Promise<void>;
  /** Writes only if the key is still at `revision`; 0: if there is no value. Resolves with whether it was. */
  swap(key: SharedKey, value: Json, revision: number, ttlMs?: number): Promise<boolean>;
  delete(key: SharedKey): Promise<void>;
  /** The keys of an area that have values. */
  keys(area: SharedArea): Promise<readonly SharedKey[]>;
  /** Deletes a whole area. */
  clear(area: SharedArea): Promise<void>;
  /** Calls back with each value of an area, now and when it changes; undefined: deleted. Returns how to stop that. */
  watch(area: SharedArea, onChange: (key: SharedKey, value: Json | undefined) => void): () => void;
  close(): Promise<void>;
}

/** Files that servers share, by name. The oldest go when the bound is reached. Rejects with BUS_UNREACHABLE. */
export interface SharedFiles {
  has(name: string): Promise<boolean>;
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, bytes: Uint8Array): Promise<void>;
}
