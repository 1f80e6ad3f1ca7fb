import { join } from 'node:path';
import type { AnalyticsStore } from '../actors/ports/analytics.ts';
import type { ConversationStore } from '../actors/ports/conversation.ts';
import type { InspectStore } from '../actors/ports/inspect.ts';
import type { JournalStore } from '../actors/ports/journal.ts';
import type { MemoryRows } from '../actors/ports/memory.ts';
import type { OutboxStore } from '../actors/ports/outbox.ts';
import type { SessionRecords } from '../actors/ports/session-records.ts';
import type { Store } from '../actors/ports/store.ts';
import { type SqliteStore, type StoreStats, sqliteStore } from '../adapters/store/sqlite.ts';
import { ADVICE } from '../machines/advice.ts';
import { ParleyError } from '../machines/errors.ts';
import { DATABASE } from './data-directory.ts';
import type { Logger } from './log.ts';

/** Where a server keeps sessions, turns and journals. */
export interface Stores {
  readonly store: Store;
  readonly journals: JournalStore | undefined;
  readonly inspectStore: InspectStore | undefined;
  /** Undefined for a store of an embedder, so that conversations are forgotten with their sessions. */
  readonly conversations: ConversationStore | undefined;
  /** Undefined for a store of an embedder, so that sessions end with their process. */
  readonly records?: SessionRecords;
  /** Its sessions without an end whose clients may come back. Undefined for a store of an embedder. */
  readonly unended?: SqliteStore['continuable'];
  /** Undefined for a store of an embedder, so that there is no local memory. */
  readonly memories?: MemoryRows;
  /** Undefined for a store of an embedder. */
  readonly deleteUser?: SqliteStore['deleteUser'];
  /** Undefined for a store of an embedder, so that its turns cause no events. */
  readonly events: Events | undefined;
  readonly stats?: () => StoreStats;
  /** Why nothing can be recorded; undefined while the store works or its health is unknown. */
  problem(): ParleyError | undefined;
}

/** Where the events of turns are kept, and what analytics makes of them. */
export interface Events {
  readonly outbox: OutboxStore;
  readonly analytics: AnalyticsStore;
  /** Turns also cause events for the role `ltm`, whatever the configuration says: another process works it. */
  readonly remembers?: true;
}

export interface StoreParts {
  readonly store?: Store;
  readonly events?: Events;
  readonly journals?: JournalStore;
  readonly inspectStore?: InspectStore;
}

/** Opens the store of `dataDir`, or uses the one of `parts`, which journals only if `parts.journals` is given. The server starts even with an unusable store: the failure is logged once, and the recovery too.
 */
export async function openStores(
  dataDir: string,
  parts: StoreParts | undefined,
  log: Logger,
  onCommit?: (ms: number) => void,
): Promise<Stores> {
  if (parts?.store)
    return {
      store: parts.store,
      journals: parts.journals,
      inspectStore: parts.inspectStore,
      conversations: undefined,
      events: parts.events,
      problem: () => undefined,
    };
  const store = sqliteStore({
    path: join(dataDir, DATABASE),
    ...(onCommit && { onCommit }),
    onHealth: (problem) => {
      if (problem)
        log.error({ err: problem, code: problem.code }, `${problem.message}; ${ADVICE[problem.code]}`);
      else log.info('the store works again; sessions are recorded from now on');
    },
  });
  await store.probe();
  return {
    store,
    journals: parts?.journals ?? store,
    inspectStore: parts?.inspectStore ?? store,
    conversations: store,
    records: store.records,
    unended: () => store.continuable(),
    memories: store.memories,
    deleteUser: store.deleteUser,
    events: store,
    stats: () => store.stats(),
    problem: () => store.problem(),
  };
}

/** True if `error` is the same as `problem`, which was logged before. */
export function isKnown(error: unknown, problem: ParleyError | undefined): boolean {
  return problem !== undefined && error instanceof ParleyError && error.code === 'STORE_FAILED';
}
