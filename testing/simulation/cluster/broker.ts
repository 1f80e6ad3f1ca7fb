import type { JournalBatch, JournalStream, StreamedBatch } from '../../../actors/ports/journal-stream.ts';
import type { LeaseEntry, LeaseStore } from '../../../actors/ports/lease.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { Faults } from '../faults.ts';
import type { Random } from '../random.ts';

/** A server's way to the broker. */
export interface Link {
  /** Of the server. */
  readonly url: string;
  /** The server's: what it waits for comes late while it is slow. */
  readonly clock: Clock;
  readonly isCut: () => boolean;
}

export interface BrokerOptions {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
  readonly found: (what: string) => void;
  /** A server reads the stream: it may take the session. */
  readonly onRead: () => void;
}

/** Maximum size of a batch: small, so that journals need several. */
const MAX_BATCH = 60_000;
/** Time of one way, ms. */
const WAY_MS = [0.5, 4] as const;
const SLOW_MS = [100, 1_500] as const;
const UNREACHABLE_MS = [5, 600] as const;

/**
 * Leases and streams of one session, as the brokers have them. Every server reaches them through a link of its own, which loses
 * calls and answers, and may answer reads from a copy that is out of date.
 */
export class Broker {
  readonly #options: BrokerOptions;
  /** Newest last; undefined: released. */
  #leases: { readonly atMs: number; readonly entry: LeaseEntry | undefined }[] = [];
  #batches: StreamedBatch[] = [];
  #records: JournalRecord[] = [];
  #revision = 0;
  #seq = 0;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /** What the stream has now. */
  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  get lease(): LeaseEntry | undefined {
    return this.#leases.at(-1)?.entry;
  }

  /** Number of records in the stream up to this batch. */
  recordsUpTo(seq: number): number {
    return this.#batches.reduce((sum, one) => sum + (one.seq <= seq ? one.batch.records.length : 0), 0);
  }

  link(link: Link): { readonly leases: LeaseStore; readonly stream: JournalStream } {
    const call = <T>(work: (seenMs: number) => T) => this.#call(link, work);
    return {
      leases: {
        read: () => call((seenMs) => this.#leases.findLast(({ atMs }) => atMs <= seenMs)?.entry),
        swap: (_session, lease, revision) =>
          call(() => {
            if ((this.lease?.revision ?? 0) !== revision) return undefined;
            this.#revision += 1;
            this.#note({ lease, revision: this.#revision });
            return this.#revision;
          }),
        all: () => call(() => (this.lease ? ['one'] : [])),
        release: (_session, revision) =>
          call(() => {
            if (this.lease?.revision !== revision) return false;
            this.#note(undefined);
            return true;
          }),
      },
      stream: {
        maxBatch: MAX_BATCH,
        append: (_session, batch, last) => call(() => this.#append(batch, last)),
        read: (_session, upTo = 0) =>
          call((seenMs) => {
            this.#options.onRead();
            const seen = this.#batches.filter(({ atMs }) => atMs <= seenMs);
            if ((seen.at(-1)?.seq ?? 0) < upTo) throw new ParleyError('BUS_UNREACHABLE', 'out of date');
            return seen;
          }),
        last: () =>
          call((seenMs) => {
            this.#options.onRead();
            return this.#batches.findLast(({ atMs }) => atMs <= seenMs);
          }),
        delete: () =>
          call(() => {
            const owner = this.lease?.lease.url ?? link.url;
            if (owner !== link.url) this.#options.found(`${link.url} deleted the stream of ${owner}`);
            this.#batches = [];
            this.#records = [];
          }),
      },
    };
  }

  /** One call; `seenMs`: how new the copy is that a read sees. */
  async #call<T>({ clock, isCut }: Link, work: (seenMs: number) => T): Promise<T> {
    const { faults, random, clock: time } = this.#options;
    const wait = (on: Clock, range: readonly [number, number]) =>
      new Promise<void>((resolve) => void on.setTimer(random.ms(...range), resolve));
    const lost = async (): Promise<never> => {
      await wait(clock, UNREACHABLE_MS);
      throw new ParleyError('BUS_UNREACHABLE', 'as planned');
    };
    if (isCut()) return lost();
    const arrive = () => work(time.nowMs() - (faults.does('broker.stale') ? random.ms(1, 400) : 0));
    if (faults.does('broker.late')) {
      // Given up, and carried out nevertheless.
      time.setTimer(random.ms(100, 4_000), arrive);
      return lost();
    }
    const slow = faults.does('broker.slow') ? random.pick(['there', 'back']) : undefined;
    await wait(time, slow === 'there' ? SLOW_MS : WAY_MS);
    const result = arrive();
    if (isCut() || faults.does('broker.answerLost')) return lost();
    await wait(clock, slow === 'back' ? SLOW_MS : WAY_MS);
    return result;
  }

  #note(entry: LeaseEntry | undefined): void {
    this.#leases.push({ atMs: this.#options.clock.nowMs(), entry });
  }

  #append(batch: JournalBatch, last: number): number | undefined {
    const before = this.#batches.at(-1);
    if ((before?.seq ?? 0) !== last) return undefined;
    const { found, clock } = this.#options;
    if (before && batch.epoch < before.batch.epoch)
      found(`epoch ${batch.epoch} appended to the stream after epoch ${before.batch.epoch}`);
    const first = batch.records[0]?.record ?? this.#records.length;
    if (first !== this.#records.length)
      found(`record ${first} was appended to a stream of ${this.#records.length} records`);
    this.#seq += 1;
    this.#batches.push({ batch, seq: this.#seq, atMs: clock.nowMs() });
    this.#records.push(...batch.records);
    return this.#seq;
  }
}
