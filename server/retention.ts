import type { JournalStore, RetentionLimits } from '../actors/ports/journal.ts';
import type { Clock, TimerHandle } from '../machines/clock.ts';

export interface RetentionOptions {
  readonly store: Pick<JournalStore, 'prune' | 'onSize'>;
  readonly clock: Clock;
  /** Current wall-clock time, ms since 1970. */
  readonly now: () => number;
  /** 0: without limit. */
  readonly maxAgeDays: number;
  /** 0: without limit. */
  readonly maxMegabytes: number;
  /** Live sessions. */
  readonly live: () => readonly string[];
  readonly onDeleted: (sessions: readonly string[]) => void;
  readonly onError: (error: unknown) => void;
}

/** Time between two searches for old sessions, in ms. */
const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;
/** When the limit is exceeded, delete down to this share of it, so that not every commit has to delete. */
const SHARE = 0.95;
/** Wait before the next try if nothing could be deleted because live sessions alone exceed the limit, in ms. */
const RETRY_MS = 60_000;

/** Deletes old sessions now, every hour, and whenever the size limit is exceeded, until closed. */
export function startRetention(options: RetentionOptions): { close(): Promise<void> } {
  const { store, clock, maxMegabytes, onDeleted, onError } = options;
  const maxBytes = maxMegabytes * MEGABYTE;
  let timer: TimerHandle | undefined;
  let closed = false;
  let busy = false;
  let retryAtMs = 0;
  let running = hourly();

  store.onSize?.((bytes) => {
    if (closed || busy || maxBytes === 0 || bytes <= maxBytes || clock.nowMs() < retryAtMs) return;
    running = prune({ maxBytes: Math.floor(maxBytes * SHARE), except: options.live() }).then((deleted) => {
      if (deleted === 0) retryAtMs = clock.nowMs() + RETRY_MS;
    });
  });

  /** Resolves with the number of deleted sessions. */
  async function prune(limits: RetentionLimits): Promise<number> {
    busy = true;
    try {
      const deleted = await store.prune(limits);
      if (deleted.length > 0) onDeleted(deleted);
      return deleted.length;
    } catch (error) {
      onError(error);
      return 0;
    } finally {
      busy = false;
    }
  }

  async function hourly(): Promise<void> {
    await prune(limits(options));
    if (!closed)
      timer = clock.setTimer(EVERY_MS, () => {
        running = hourly();
      });
  }

  return {
    async close() {
      closed = true;
      timer?.cancel();
      await running;
    },
  };
}

function limits({ now, maxAgeDays, maxMegabytes, live }: RetentionOptions): RetentionLimits {
  return {
    except: live(),
    ...(maxAgeDays > 0 && { startedBefore: new Date(now() - maxAgeDays * DAY_MS).toISOString() }),
    ...(maxMegabytes > 0 && { maxBytes: maxMegabytes * MEGABYTE }),
  };
}
