import type { JournalStore, RetentionLimits } from '../actors/ports/journal.ts';
import type { Clock, TimerHandle } from '../machines/clock.ts';

export interface RetentionOptions {
  readonly store: Pick<JournalStore, 'prune'>;
  readonly clock: Clock;
  /** Wall-clock time now, ms since 1970. */
  readonly now: () => number;
  /** 0: for ever. */
  readonly maxAgeDays: number;
  /** 0: without limit. */
  readonly maxMegabytes: number;
  /** Sessions that live now. */
  readonly live: () => readonly string[];
  readonly onDeleted: (sessions: readonly string[]) => void;
  readonly onError: (error: unknown) => void;
}

/** How often it is looked, in ms. */
const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;

/** Deletes old sessions now and once an hour, until closed. */
export function startRetention(options: RetentionOptions): { close(): Promise<void> } {
  const { store, clock, onDeleted, onError } = options;
  let timer: TimerHandle | undefined;
  let closed = false;
  let running = look();

  async function look(): Promise<void> {
    try {
      const deleted = await store.prune(limits(options));
      if (deleted.length > 0) onDeleted(deleted);
    } catch (error) {
      onError(error);
    }
    if (!closed)
      timer = clock.setTimer(EVERY_MS, () => {
        running = look();
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
