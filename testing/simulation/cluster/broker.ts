import type { JournalBatch, JournalStream, StreamedBatch } from '../../../actors/ports/journal-stream.ts';
import type { LeaseEntry, LeaseStore } from '../../../actors/ports/lease.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import type { Faults } from '../faults.ts';
import type { Random } from '../random.ts';
import type { Sometimes } from '../sometimes.ts';

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
  readonly reached: (name: Sometimes) => void;
  /** A server reads the stream: it may take the session. */
  readonly onRead: () => void;
}

/** Maximum size of a batch: small, so that journals need several. */
const MAX_BATCH = 60_000;
/** Time of one way, ms. */
const WAY_MS = [0.5, 4] as const;
const SLOW_MS = [100, 1_500] as const;
const UNREACHABLE_MS = [5, 600] as const;
/** Of a record that is read, ms. */
const READ_MS = [0.02, 0.2] as const;

/** What the brokers have in their memory. */
interface Memory {
  /** Newest last; undefined: released. */
  readonly leases: { readonly atMs: number; readonly entry: LeaseEntry | undefined }[];
  batches: StreamedBatch[];
  records: JournalRecord[];
  revision: number;
  seq: number;
}

const nothing = (): Memory => ({ leases: [], batches: [], records: [], revision: 0, seq: 0 });

/**
 * Leases and streams of one session, as the brokers have them. Every server reaches them through a link of its own, which loses
 * calls and answers, and may answer reads from a copy that is out of date.
 */
export class Broker {
  readonly #options: BrokerOptions;
  #memory = nothing();
  /** Records of memories that were lost. */
  #lost: readonly JournalRecord[] = [];
  electingUntilMs = 0;
  /** Epoch of the server by which the stream has its first record. */
  openedBy = 0;
  #elected = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /** What the stream has now. */
  get records(): readonly JournalRecord[] {
    return this.#memory.records;
  }

  /** What a stream has had, also before its memory was lost. */
  get known(): readonly JournalRecord[] {
    return [...this.#lost, ...this.records];
  }

  get lease(): LeaseEntry | undefined {
    return this.#memory.leases.at(-1)?.entry;
  }

  /** Number of records in the stream up to this batch. */
  recordsUpTo(seq: number): number {
    const batches = this.#memory.batches.filter((one) => one.seq <= seq);
    const once = [...new Set(batches.map(({ batch }) => batch))];
    const first = once.findLastIndex(({ opening }) => opening);
    return once.slice(first).reduce((sum, { records }) => sum + records.length, 0);
  }

  /** Until then they have no leader, and no request is answered. What has arrived is done by the next leader, or lost. */
  elect(ms: number): void {
    this.electingUntilMs = this.#options.clock.nowMs() + ms;
    this.#elected = true;
  }

  /** They begin anew, without leases and streams. What is on its way to them is lost. */
  forget(): void {
    this.#lost = this.known;
    this.#memory = nothing();
  }

  link(link: Link): { readonly leases: LeaseStore; readonly stream: JournalStream } {
    const call = <T>(work: (memory: Memory, seenMs: number) => T, answerMs = () => 0) =>
      this.#call(link, work, answerMs);
    return {
      leases: {
        read: () => call(({ leases }, seenMs) => leases.findLast(({ atMs }) => atMs <= seenMs)?.entry),
        swap: (_session, lease, revision) =>
          call((memory) => {
            if ((this.lease?.revision ?? 0) !== revision) return undefined;
            const before = this.lease?.lease.epoch ?? 0;
            if (lease.epoch < before)
              this.#options.found(`epoch ${lease.epoch} took the lease of epoch ${before}`);
            memory.revision += 1;
            this.#note({ lease, revision: memory.revision });
            return memory.revision;
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
        append: (_session, batch, last) => call((memory) => this.#append(memory, batch, last)),
        read: async (_session, upTo = 0, from = 0) => {
          const seen = await call(
            ({ batches }, seenMs) => {
              this.#options.onRead();
              return batches.filter(({ atMs, seq }) => atMs <= seenMs && seq >= from);
            },
            () => (from === 0 ? this.#readMs() : 0),
          );
          if ((seen.at(-1)?.seq ?? 0) < upTo) throw new ParleyError('BUS_UNREACHABLE', 'out of date');
          return seen;
        },
        last: async (_session, known = 1) => {
          const seen = await call(({ batches }, seenMs) => {
            this.#options.onRead();
            return batches.findLast(({ atMs }) => atMs <= seenMs);
          });
          return (seen?.seq ?? 0) < known ? call(({ batches }) => batches.at(-1)) : seen;
        },
        delete: () =>
          call((memory) => {
            const owner = this.lease?.lease.url ?? link.url;
            if (owner !== link.url) this.#options.found(`${link.url} deleted the stream of ${owner}`);
            memory.batches = [];
            memory.records = [];
          }),
      },
    };
  }

  /** A long journal takes time to read. */
  #readMs(): number {
    const [least, most] = READ_MS;
    const { length } = this.#memory.records;
    return this.#options.random.ms(least * length, most * length);
  }

  /** One call; `seenMs`: how new the copy is that a read sees. `answerMs`: of a large answer. */
  async #call<T>(
    { clock, isCut }: Link,
    work: (memory: Memory, seenMs: number) => T,
    answerMs: () => number,
  ): Promise<T> {
    const { faults, random, clock: time } = this.#options;
    const memory = this.#memory;
    const wait = (on: Clock, range: readonly [number, number], moreMs = 0) =>
      new Promise<void>((resolve) => void on.setTimer(random.ms(...range) + moreMs, resolve));
    const lost = async (): Promise<never> => {
      await wait(clock, UNREACHABLE_MS);
      throw new ParleyError('BUS_UNREACHABLE', 'as planned');
    };
    if (isCut()) return lost();
    const arrive = () => work(memory, time.nowMs() - (faults.does('broker.stale') ? random.ms(1, 400) : 0));
    /** Given up, and carried out nevertheless. */
    const arriveLate = (afterMs: number) =>
      time.setTimer(afterMs, () => {
        if (memory === this.#memory) arrive();
      });
    if (faults.does('broker.late')) {
      arriveLate(random.ms(100, 4_000));
      return lost();
    }
    const slow = faults.does('broker.slow') ? random.pick(['there', 'back']) : undefined;
    await wait(time, slow === 'there' ? SLOW_MS : WAY_MS);
    if (memory !== this.#memory) return lost();
    const electingMs = this.electingUntilMs - time.nowMs();
    if (electingMs > 0) {
      if (random.chance(0.5)) arriveLate(electingMs);
      return lost();
    }
    const result = arrive();
    if (isCut() || faults.does('broker.answerLost')) return lost();
    await wait(clock, slow === 'back' ? SLOW_MS : WAY_MS, answerMs());
    return result;
  }

  #note(entry: LeaseEntry | undefined): void {
    this.#memory.leases.push({ atMs: this.#options.clock.nowMs(), entry });
  }

  #append(memory: Memory, batch: JournalBatch, last: number): number | undefined {
    const before = memory.batches.at(-1);
    if ((before?.seq ?? 0) !== last) return undefined;
    const { found, reached, clock } = this.#options;
    if (before && batch.epoch < before.batch.epoch)
      found(`epoch ${batch.epoch} appended to the stream after epoch ${before.batch.epoch}`);
    if (batch.opening) {
      memory.records = [];
      this.openedBy = batch.epoch;
    }
    const first = batch.records[0]?.record ?? memory.records.length;
    if (first !== memory.records.length)
      found(`record ${first} was appended to a stream of ${memory.records.length} records`);
    if (this.#elected && batch.records.length > 0)
      reached('a journal went on when the brokers had another leader');
    this.#elected = false;
    memory.seq += 1;
    memory.batches.push({ batch, seq: memory.seq, atMs: clock.nowMs() });
    memory.records.push(...batch.records);
    const { seq } = memory;
    if (this.#options.faults.does('broker.repeats')) this.#repeat(memory);
    return seq;
  }

  /** As brokers do that were stopped for a while: behind what they have stored meanwhile. */
  #repeat(memory: Memory): void {
    const { clock, random } = this.#options;
    for (const { batch } of memory.batches.slice(-random.pick([1, 2, 3]))) {
      memory.seq += 1;
      memory.batches.push({ batch, seq: memory.seq, atMs: clock.nowMs() });
    }
  }
}
