import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { JournalBatch, JournalOpening, JournalStream, StreamedBatch } from '../ports/journal-stream.ts';
import type { Lease, LeaseEntry, LeaseStore } from '../ports/lease.ts';
import { isSameLease, writeLease } from './session-lease.ts';

/** Attempts to fence a server that still writes. */
const FENCES = 20;

/** A session that this server has taken from another one. */
export interface TakenSession {
  readonly lease: Lease;
  readonly revision: number;
  readonly opening: JournalOpening;
  /** All records in the stream, from 0 without a gap. */
  readonly records: readonly JournalRecord[];
  /** Sequence of the fence, after which this server appends its batches, from `number` 1 on. */
  readonly last: number;
}

/**
 * - `taken`
 * - `elsewhere`: another server was faster, and has it
 * - `partial`: the stream has no whole journal of it. A server that still runs it may be telling the stream anew; it was not disturbed,
 *   unless the stream lost the journal in the very moment in which it was fenced.
 */
export type Takeover =
  | { readonly type: 'taken'; readonly session: TakenSession }
  | { readonly type: 'elsewhere'; readonly lease: Lease }
  | { readonly type: 'partial' };

export interface TakeoverOptions {
  readonly session: string;
  /** Who takes it. */
  readonly self: Pick<Lease, 'server' | 'url'>;
  /** The lease as it was found. */
  readonly found: LeaseEntry;
  /** The last batch as it was found. */
  readonly last: StreamedBatch;
  readonly leases: LeaseStore;
  readonly stream: JournalStream;
  /** Called when a stage begins. */
  readonly onStage?: (stage: TakeoverStage) => void;
}

/** What a takeover waits for: the journal; the lease; the fence in the journal, with what came after it was read. */
export type TakeoverStage = 'read' | 'lease' | 'fence';

/**
 * Takes a session from its server, which may still run. First it reads the journal, and takes nothing if that is not whole. Then come
 * the lease, and a fence in the journal. After that the server before can append nothing more, and what is read up to the fence is
 * all that ever was. Rejects with BUS_UNREACHABLE; the lease may be taken then, and the next attempt goes on from there.
 */
export async function takeSession(options: TakeoverOptions): Promise<Takeover> {
  const { session, self, found, leases, stream, onStage = () => {} } = options;
  if (options.last.batch.more) return { type: 'partial' };
  onStage('read');
  let batches = await stream.read(session, options.last.seq);
  if (!joined(batches)) return { type: 'partial' };
  onStage('lease');
  const lease: Lease = { ...found.lease, ...self, epoch: found.lease.epoch + 1 };
  const entry = await writeLease(leases, session, lease, found.revision);
  if (!entry) throw new ParleyError('BUS_UNREACHABLE', 'the lease is gone, or the broker is out of date');
  if (!isSameLease(entry.lease, lease)) return { type: 'elsewhere', lease: entry.lease };
  const { server, epoch } = lease;
  onStage('fence');
  const fence: JournalBatch = { server, epoch, number: 0, records: [] };
  for (let tries = 0; tries < FENCES; tries++) {
    const before = batches.at(-1);
    if (!before) return { type: 'partial' };
    const own = isSameBatch(before.batch, fence);
    if (!own && before.batch.epoch >= epoch) return await beaten(leases, session, lease);
    const seq = own ? before.seq : await stream.append(session, fence, before.seq);
    // Without it the server before has written meanwhile.
    const end = seq ?? (await stream.last(session, before.seq))?.seq;
    if (end === undefined) return { type: 'partial' };
    batches = await continued(stream, session, batches, end);
    const journal = joined(batches);
    if (!journal) return { type: 'partial' };
    if (seq !== undefined)
      return { type: 'taken', session: { lease, revision: entry.revision, ...journal, last: seq } };
  }
  throw new ParleyError('BUS_UNREACHABLE', 'the server before writes faster than it can be fenced');
}

/** The batches of a session to the one with the sequence `end`. Of those that are known only what follows is read. */
async function continued(
  stream: JournalStream,
  session: string,
  known: readonly StreamedBatch[],
  end: number,
): Promise<readonly StreamedBatch[]> {
  const last = known.at(-1);
  if (!last || end < last.seq) return stream.read(session, end);
  const [same, ...more] = await stream.read(session, end, last.seq);
  // Brokers that have lost their memory count anew: there may be another batch in its place.
  return same?.seq === last.seq && isSameBatch(same.batch, last.batch)
    ? [...known, ...more]
    : stream.read(session, end);
}

/** A server with a higher epoch was here. */
async function beaten(leases: LeaseStore, session: string, own: Lease): Promise<Takeover> {
  const entry = await leases.read(session);
  return entry && !isSameLease(entry.lease, own)
    ? { type: 'elsewhere', lease: entry.lease }
    : { type: 'partial' };
}

function isSameBatch(a: JournalBatch, b: JournalBatch): boolean {
  return a.server === b.server && a.epoch === b.epoch && a.number === b.number;
}

/** Undefined if they are not a whole journal. */
function joined(batches: readonly StreamedBatch[]): Pick<TakenSession, 'opening' | 'records'> | undefined {
  let records: JournalRecord[] = [];
  let opening: JournalOpening | undefined;
  let isWhole = true;
  let newest: JournalBatch | undefined;
  for (const { batch } of batches) {
    if (newest && !isAfter(batch, newest)) continue;
    newest = batch;
    if (batch.opening) {
      // Begun anew, because the stream had lost it, or had got it from a server that had lost the session.
      opening = batch.opening;
      records = [];
    }
    if (batch.opening || batch.records.length > 0) isWhole = !batch.more;
    for (const record of batch.records) {
      // Batches before the opening may have left the stream.
      if (record.record !== records.length) return undefined;
      records.push(record);
    }
  }
  return opening && isWhole ? { opening, records } : undefined;
}

/** False for one that a broker stored a second time, as a broker does that was stopped for a while. */
function isAfter(batch: JournalBatch, newest: JournalBatch): boolean {
  return batch.epoch > newest.epoch || (batch.epoch === newest.epoch && batch.number > newest.number);
}
