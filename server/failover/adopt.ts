import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { SqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Journal, JournalRecord } from '../../machines/journal/record.ts';

/** What the own store must offer to go on with the sessions of other servers. */
export type AdoptingStore = Pick<
  SqliteStore,
  | 'openJournal'
  | 'continueJournal'
  | 'journalHead'
  | 'journalRecords'
  | 'lastRecord'
  | 'readJournal'
  | 'dropJournal'
  | 'saveSession'
>;

export interface Adopted {
  readonly journal: Journal;
  /** Writes what the own store lacks of it. Rejects with STORE_FAILED or STORE_CLOSED, and can be called again then. */
  readonly complete: () => Promise<void>;
}

/** Records handed to the store at once: its queue of 10,000 is also that of live sessions, which wait for its commits. */
const AT_ONCE = 1_000;

/**
 * The journal of a session that was taken over, as the stream has it. What the own store has beyond it stays: then nobody else has
 * gone on with it. An own journal that differs is replaced: this server had lost the session, and did not know it yet.
 *
 * The own store knows the session then, but its journal only when it is completed.
 */
export async function adopt(store: AdoptingStore, { opening, records }: TakenSession): Promise<Adopted> {
  const { header, headerHash, startedAt, language, user, proof } = opening;
  const { session } = header;
  const [found] = await Promise.all([
    ownRecords(store, session, records),
    store.saveSession({ session, startedAt, language, ...(user !== undefined && { user }), proof }),
  ]);
  let own = found;
  let begun = false;
  const journal: Journal =
    own !== undefined && own > records.length
      ? await store.readJournal(session)
      : { header, headerHash, records, footer: { status: 'open', records: null } };
  return { journal, complete };

  async function complete(): Promise<void> {
    // What was written before a failure may be a part of it.
    if (begun) own = await ownRecords(store, session, records);
    begun = true;
    if (own === undefined) await store.dropJournal(session);
    const known = own ?? 0;
    if (own !== undefined && known >= records.length) return;
    let failure: Error | undefined;
    const onFailure = (error: Error) => {
      failure = error;
    };
    const sink =
      own === undefined
        ? store.openJournal(header, headerHash, onFailure)
        : store.continueJournal(session, known, onFailure);
    for (let at = known; at < records.length; at += AT_ONCE) {
      for (const record of records.slice(at, at + AT_ONCE)) sink.append(record);
      await sink.durable();
    }
    await sink.leave();
    if (failure) throw failure;
  }
}

/** The number of own records, of which the stream has the same, or the beginning; undefined if there is no such journal. */
async function ownRecords(
  store: AdoptingStore,
  session: string,
  records: readonly JournalRecord[],
): Promise<number | undefined> {
  const [head, last] = await Promise.all([
    store.journalHead(session).catch((error) => {
      if (error instanceof ParleyError && error.code === 'SESSION_UNKNOWN') return undefined;
      throw error;
    }),
    store.lastRecord(session),
  ]);
  if (!head) return undefined;
  const count = last ? last.record + 1 : 0;
  const shared = Math.min(count, records.length);
  // The store failed in it, maybe at an earlier attempt.
  if (head.footer.status === 'incomplete' && shared === count) return undefined;
  if (shared === 0) return count;
  // Hashes are chained: if one is the same, so are all before it.
  const [own] = count === shared ? [last] : await store.journalRecords(session, shared - 1, 1);
  return own?.stateHash === records[shared - 1]?.stateHash ? count : undefined;
}
