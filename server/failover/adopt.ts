import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { SqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';

/** What the own store must offer to go on with the sessions of other servers. */
export type AdoptingStore = Pick<
  SqliteStore,
  'openJournal' | 'continueJournal' | 'readJournal' | 'dropJournal' | 'saveSession'
>;

/** Records handed to the store at once. Dozens of sessions may come together, and the queue of 10,000 is also that of live ones. */
const AT_ONCE = 200;

/**
 * Brings the own journal of a session that was taken over to what the stream has. What this server has written beyond it stays: then
 * nobody else has gone on with it. A journal that differs is replaced: this server had lost the session, and did not know it yet.
 */
export async function adopt(store: AdoptingStore, { opening, records }: TakenSession): Promise<void> {
  const { header, headerHash, startedAt, language, user, proof } = opening;
  const { session } = header;
  const own = await ownRecords(store, session, records);
  await store.saveSession({ session, startedAt, language, ...(user !== undefined && { user }), proof });
  let failure: Error | undefined;
  const onFailure = (error: Error) => {
    failure = error;
  };
  if (own === undefined) await store.dropJournal(session);
  const known = own ?? 0;
  if (own !== undefined && known >= records.length) return;
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

/** The number of own records, of which the stream has the same, or the beginning; undefined if there is no such journal. */
async function ownRecords(
  store: AdoptingStore,
  session: string,
  records: readonly JournalRecord[],
): Promise<number | undefined> {
  const own = await store.readJournal(session).catch((error) => {
    if (error instanceof ParleyError && error.code === 'SESSION_UNKNOWN') return undefined;
    throw error;
  });
  if (!own) return undefined;
  const shared = Math.min(own.records.length, records.length);
  // The store failed in it, maybe at an earlier attempt.
  if (own.footer.status === 'incomplete' && shared === own.records.length) return undefined;
  if (shared > 0 && own.records[shared - 1]?.stateHash !== records[shared - 1]?.stateHash) return undefined;
  return own.records.length;
}
