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
 * - `gone`: the stream has no journal of it
 */
export type Takeover =
  | { readonly type: 'taken'; readonly session: TakenSession }
  | { readonly type: 'elsewhere'; readonly lease: Lease }
  | { readonly type: 'gone' };

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

/** What a takeover waits for: the lease; the fence in the journal, and then what is read up to it. */
export type TakeoverStage = 'lease' | 'fence';

/**
 * Takes a session from its server, whether that one runs or not: first the lease, then a fence in the journal. After that the one
 * before can append nothing more, and what is read up to the fence is all that ever was. Rejects with BUS_UNREACHABLE; the
 * lease may be taken then, and the next attempt goes on from there.
 */
export async function takeSession(options: TakeoverOptions): Promise<Takeover> {
  const { session, self, found, leases, stream, onStage = () => {} } = options;
  if (options.last.batch.more) return { type: 'gone' };
  onStage('lease');
  const lease: Lease = { ...found.lease, ...self, epoch: found.lease.epoch + 1 };
  const entry = await writeLease(leases, session, lease, found.revision);
  if (!entry) throw new ParleyError('BUS_UNREACHABLE', 'the lease is gone, or the broker is out of date');
  if (!isSameLease(entry.lease, lease)) return { type: 'elsewhere', lease: entry.lease };
  const { server, epoch } = lease;
  onStage('fence');
  const fence: JournalBatch = { server, epoch, number: 0, records: [] };
  for (let tries = 0; tries < FENCES; tries++) {
    const before = tries === 0 ? options.last : await stream.last(session);
    if (!before) return { type: 'gone' };
    const own = isFence(before.batch, fence);
    if (!own && before.batch.epoch >= epoch) return await beaten(leases, session, lease);
    const seq = own ? before.seq : await stream.append(session, fence, before.seq);
    if (seq === undefined) continue; // the server before has written meanwhile
    const batches = await stream.read(session, seq);
    const { opening, records, isWhole } = joined(batches);
    if (!opening || !isWhole) return { type: 'gone' };
    return { type: 'taken', session: { lease, revision: entry.revision, opening, records, last: seq } };
  }
  throw new ParleyError('BUS_UNREACHABLE', 'the server before writes faster than it can be fenced');
}

/** Somebody with a higher epoch was here. */
async function beaten(leases: LeaseStore, session: string, own: Lease): Promise<Takeover> {
  const entry = await leases.read(session);
  return entry && !isSameLease(entry.lease, own)
    ? { type: 'elsewhere', lease: entry.lease }
    : { type: 'gone' };
}

function isFence(batch: JournalBatch, fence: JournalBatch): boolean {
  return batch.server === fence.server && batch.epoch === fence.epoch && batch.number === 0;
}

function joined(batches: readonly StreamedBatch[]): {
  readonly opening: JournalOpening | undefined;
  readonly records: readonly JournalRecord[];
  readonly isWhole: boolean;
} {
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
      if (record.record !== records.length) return { opening: undefined, records: [], isWhole };
      records.push(record);
    }
  }
  return { opening, records, isWhole };
}

/** False for one that a broker stored a second time, as a broker does that was stopped for a while. */
function isAfter(batch: JournalBatch, newest: JournalBatch): boolean {
  return batch.epoch > newest.epoch || (batch.epoch === newest.epoch && batch.number > newest.number);
}
