import type { SharedFiles } from '../../actors/ports/shared-store.ts';
import type { ParleyError } from '../../machines/errors.ts';
import { PhraseDisk } from './phrase-cache-disk.ts';
import { decodePhrase, encodePhrase, fileNameOf, type Phrase } from './phrase-cache-file.ts';

export interface PhraseCacheOptions {
  /** Folder for fixed phrases. Without it, they do not outlive the process. */
  readonly dir?: string;
  /**
   * Maximum bytes of audio and marks in memory, including those also on disk. Default 33,554,432: 12 minutes at 22 kHz.
   */
  readonly maxBytes?: number;
  /** Receives STORE_FAILED, once, when phrases cannot be written, such as on a full disk. */
  readonly onProblem?: (error: ParleyError) => void;
  /** Where servers find each other's fixed phrases. Default: nowhere. */
  readonly shared?: SharedFiles | undefined;
}

/** Counted since the cache was made, except `entries` and `bytes`, which are current. */
export interface PhraseCacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Phrases in the cache now. */
  readonly entries: number;
  readonly bytes: number;
  /** Taken from other servers. */
  readonly taken: number;
  /** Syntheses added to the cache. */
  readonly stored: number;
  readonly evicted: number;
  /** Damaged files, which were deleted. */
  readonly damaged: number;
  /** Phrases that could not be written to disk. */
  readonly writeFailures: number;
}

/**
 * A cache of spoken phrases; the least recently used are dropped first. All are in memory, so a lookup reads no file.
 */
export interface PhraseCache {
  /** Loads the phrases on disk. Never rejects: an unreadable cache is empty. */
  load(): Promise<void>;
  /** Looks up a phrase, and counts a hit or a miss. */
  find(key: string): Phrase | undefined;
  has(key: string): boolean;
  /** True if a missing phrase is worth caching, because it was requested before. */
  repeats(key: string): boolean;
  /**
   * `fixed`: the text comes from the configuration, so the phrase may be written to disk. Other phrases may reveal
   * conversations and stay in memory.
   */
  keep(key: string, phrase: Phrase, fixed: boolean): void;
  /**
   * Has a fixed phrase in common with the other servers: takes it from them if it is missing here, and gives it to them if
   * they lack it. Resolves with whether it is here now; never rejects.
   */
  share(key: string): Promise<boolean>;
  stats(): PhraseCacheStats;
  /** Resolves when all writes to disk have finished. */
  close(): Promise<void>;
}

const MAX_BYTES = 32 << 20;
/** Maximum number of remembered texts that were requested once. */
const REMEMBERED = 2_048;
/** Time limit of a request to the other servers, ms. */
const SHARING_MS = 10_000;
/** After a failure the other servers are not asked for this long, ms. */
const UNSHARED_MS = 30_000;
/** Estimated size of a mark, in bytes. */
const MARK_BYTES = 64;

interface Entry {
  readonly phrase: Phrase;
  readonly fixed: boolean;
}

export function phraseCache(options: PhraseCacheOptions = {}): PhraseCache {
  const { dir, maxBytes = MAX_BYTES, onProblem = () => {}, shared } = options;
  const disk = dir === undefined ? undefined : new PhraseDisk({ dir, onProblem });
  /** Least recently used first. */
  const phrases = new Map<string, Entry>();
  const asked = new Set<string>();
  /** Phrases whose use in this process is recorded on disk. */
  const touched = new Set<string>();
  const counts = { hits: 0, misses: 0, taken: 0, stored: 0, evicted: 0, damaged: 0 };
  let bytes = 0;
  let sharing: Promise<void> = Promise.resolve();
  let unsharedUntilMs = 0;
  const closed = new AbortController();

  const drop = (key: string, { phrase }: Entry) => {
    phrases.delete(key);
    touched.delete(key);
    bytes -= bytesOf(phrase);
  };

  /** Returns false for a phrase that is too large. */
  const keep = (key: string, phrase: Phrase, fixed: boolean): boolean => {
    const size = bytesOf(phrase);
    if (size > maxBytes) return false;
    const before = phrases.get(key);
    if (before) drop(key, before);
    phrases.set(key, { phrase, fixed });
    bytes += size;
    if (fixed) disk?.save(key, phrase);
    for (const [oldest, dropped] of phrases) {
      if (bytes <= maxBytes) break;
      drop(oldest, dropped);
      counts.evicted++;
      if (dropped.fixed) disk?.delete(oldest);
    }
    return true;
  };

  /** Runs after earlier ones. It does nothing if the other servers cannot be reached. */
  function withOthers(work: (files: SharedFiles) => Promise<void>): Promise<void> {
    sharing = sharing.then(async () => {
      if (!shared || closed.signal.aborted || performance.now() < unsharedUntilMs) return;
      const over = AbortSignal.any([closed.signal, AbortSignal.timeout(SHARING_MS)]);
      const late = new Promise<never>((_, reject) => {
        over.addEventListener('abort', () => reject(over.reason), { once: true });
      });
      await Promise.race([work(shared), late]).catch(() => {
        unsharedUntilMs = performance.now() + UNSHARED_MS;
      });
    });
    return sharing;
  }

  return {
    async load() {
      const loaded: [string, Entry][] = [];
      counts.damaged +=
        (await disk?.load((key, phrase) => {
          if (phrases.has(key)) return true;
          if (bytes + bytesOf(phrase) > maxBytes) return false;
          loaded.push([key, { phrase, fixed: true }]);
          bytes += bytesOf(phrase);
          return true;
        })) ?? 0;
      const sinceStart = [...phrases];
      phrases.clear();
      for (const [key, entry] of [...loaded.reverse(), ...sinceStart]) {
        const twice = phrases.get(key);
        if (twice) drop(key, twice);
        phrases.set(key, entry);
      }
    },
    find(key) {
      const entry = phrases.get(key);
      if (!entry) {
        counts.misses++;
        return undefined;
      }
      counts.hits++;
      phrases.delete(key);
      phrases.set(key, entry);
      if (entry.fixed && !touched.has(key)) {
        touched.add(key);
        disk?.touch(key);
      }
      return entry.phrase;
    },
    has: (key) => phrases.has(key),
    repeats(key) {
      if (asked.delete(key)) return true;
      asked.add(key);
      const [oldest] = asked;
      if (asked.size > REMEMBERED && oldest !== undefined) asked.delete(oldest);
      return false;
    },
    keep(key, phrase, fixed) {
      if (!keep(key, phrase, fixed)) return;
      counts.stored++;
      if (fixed) void withOthers((files) => files.put(fileNameOf(key), encodePhrase(key, phrase)));
    },
    async share(key) {
      const own = phrases.get(key);
      await withOthers(async (files) => {
        const name = fileNameOf(key);
        if (own) {
          if (!(await files.has(name))) await files.put(name, encodePhrase(key, own.phrase));
          return;
        }
        const bytes = await files.get(name);
        const decoded = bytes && decodePhrase(Buffer.from(bytes));
        if (decoded?.key === key && keep(key, decoded.phrase, true)) counts.taken++;
      });
      return phrases.has(key);
    },
    stats: () => ({ ...counts, entries: phrases.size, bytes, writeFailures: disk?.failures ?? 0 }),
    close: async () => {
      closed.abort();
      await sharing;
      await disk?.settled();
    },
  };
}

function bytesOf({ samples, marks }: Phrase): number {
  return samples.byteLength + marks.length * MARK_BYTES;
}
