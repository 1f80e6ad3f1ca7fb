import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import { Backoff } from '../backoff.ts';
import type { JournalBatch, JournalOpening, JournalStream } from '../ports/journal-stream.ts';

/** A record without a waiting caller follows within this time, ms; a broker needs some of the promised 50. */
const PACE_MS = 25;
/** Records of one batch, and of those that wait in memory; beyond them they are read from the own journal. */
const BATCH_RECORDS = 500;
const WAITING_RECORDS = 2_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

export interface ReplicaOptions {
  readonly session: string;
  /** This server, and the epoch of its lease. */
  readonly server: string;
  readonly epoch: number;
  readonly stream: JournalStream;
  readonly clock: Clock;
  readonly opening: JournalOpening;
  /** Sequence of the session's last batch; 0: the stream has none. */
  readonly last: number;
  /** Number of records in the stream. */
  readonly next: number;
  /** Number of this server's next batch in this epoch. */
  readonly number: number;
  /** Records of the own journal from this one on, at most `limit`; those that are not on disk yet may be missing. */
  readonly own: (from: number, limit: number) => Promise<readonly JournalRecord[]>;
  /** The stream has lost the session. Resolves with whether the session is still this server's, and may be written anew. */
  readonly reclaim: () => Promise<boolean>;
  /** Another server has the session now. Called once; this one must do nothing more for it. */
  readonly onFenced: () => void;
  /** Receives what went wrong; it is tried again. */
  readonly onProblem: (error: Error) => void;
}

/** How an append ended that was refused: it had arrived before, another server has fenced this one, or the journal is gone. */
type Refusal = 'arrived' | 'fenced' | 'gone' | 'again';

/**
 * Copies a session's journal to the stream, in order, one batch at a time. Each is appended only after the one before: a server
 * that has lost the session is refused.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #retry = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  /** The newest records, without a gap. */
  #waiting: JournalRecord[] = [];
  /** Number of records that the journal has. */
  #end: number;
  #last: number;
  /** The next batch is the journal's first. */
  #opens: boolean;
  #next: number;
  #number: number;
  /** Number of records of the journal when the stream was found to have lost it. */
  #lost = 0;
  /** Nothing was sent since the brokers may have lost it. */
  #unproven = false;
  /** Sent, without a known outcome. */
  #flying: JournalBatch | undefined;
  #pumping = false;
  #state: 'open' | 'fenced' | 'closed' = 'open';
  #timer: TimerHandle | undefined;
  #waiters: { readonly upTo: number; readonly go: (error?: Error) => void }[] = [];

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#last = options.last;
    this.#opens = options.last === 0;
    this.#next = options.next;
    this.#number = options.number;
    this.#end = options.next;
  }

  /** Takes the journal's next record. Never throws. */
  append(record: JournalRecord): void {
    if (this.#state !== 'open') return;
    this.#end = record.record + 1;
    this.#waiting.push(record);
    if (this.#waiting.length > WAITING_RECORDS) this.#waiting = [];
    this.#soon(PACE_MS);
  }

  /** Sends something soon: a stream that has lost the session refuses it, and gets all of it again. */
  prove(): void {
    if (this.#state !== 'open' || this.#opens) return;
    this.#unproven = true;
    this.#soon(0);
  }

  /**
   * Resolves when the stream has all records so far. Rejects with EPOCH_SUPERSEDED if another server has the session, and with
   * BUS_UNREACHABLE after `withinMs`.
   */
  durable(withinMs: number): Promise<void> {
    if (this.#state === 'fenced') return Promise.reject(new ParleyError('EPOCH_SUPERSEDED'));
    if (!this.#owes || this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      const timer = clock.setTimer(withinMs, () => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        reject(new ParleyError('BUS_UNREACHABLE', 'the journal could not be replicated in time'));
      });
      const go = (error?: Error) => {
        timer.cancel();
        if (error) reject(error);
        else resolve();
      };
      const waiter = { upTo: this.#end, go };
      this.#waiters.push(waiter);
      this.#soon(0);
    });
  }

  /** Another server has the session, as another part of this server has found out. */
  fence(): void {
    if (this.#state === 'open') this.#stop('fenced');
  }

  /** Stops copying. What was not copied is not. */
  close(): void {
    if (this.#state === 'open') this.#stop('closed');
  }

  #stop(state: 'fenced' | 'closed'): void {
    this.#state = state;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = [];
    const error = state === 'fenced' ? new ParleyError('EPOCH_SUPERSEDED') : undefined;
    for (const { go } of this.#waiters.splice(0)) go(error);
  }

  #soon(delayMs: number): void {
    if (this.#pumping || this.#state !== 'open') return;
    if (delayMs === 0) {
      void this.#pump();
      return;
    }
    this.#timer ??= this.#options.clock.setTimer(delayMs, () => void this.#pump());
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    let waitMs = PACE_MS;
    try {
      do {
        await this.#step();
      } while (this.#state === 'open' && this.#owes && this.#waiters.length > 0);
      this.#retry.reset();
    } catch (error) {
      waitMs = this.#retry.nextMs();
      this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
    }
    this.#pumping = false;
    if (this.#owes) this.#soon(waitMs);
  }

  /** Whether the stream lacks something: a session without a record has its opening. */
  get #owes(): boolean {
    return this.#opens || this.#next < this.#end || this.#unproven || this.#flying !== undefined;
  }

  /** Sends the next batch, or the one again whose outcome is unknown. */
  async #step(): Promise<void> {
    const { stream, session, onFenced } = this.#options;
    this.#flying ??= await this.#batch();
    const batch = this.#flying;
    if (!batch || this.#state !== 'open') return;
    const seq = (await this.#isProven()) ? await stream.append(session, batch, this.#last) : undefined;
    if (this.#state !== 'open') return;
    if (seq !== undefined) this.#arrived(batch, seq);
    else {
      const refusal = await this.#refusal(batch);
      if (this.#state !== 'open') return;
      if (refusal === 'fenced') {
        this.#stop('fenced');
        onFenced();
      } else if (refusal === 'again') throw new ParleyError('BUS_UNREACHABLE', 'the broker is out of date');
    }
  }

  /** False if the newest batch is not this server's. Brokers that lost their memory count anew, and may be as far as `#last` again. */
  async #isProven(): Promise<boolean> {
    const { stream, session, server, epoch } = this.#options;
    let isOwn = true;
    while (this.#unproven) {
      // They may lose it again while this reads.
      this.#unproven = false;
      const found = await stream.last(session, this.#last).catch((error) => {
        this.#unproven = true;
        throw error;
      });
      isOwn = found?.batch.server === server && found.batch.epoch === epoch;
    }
    return isOwn;
  }

  #arrived(batch: JournalBatch, seq: number): void {
    this.#flying = undefined;
    this.#opens = false;
    this.#last = seq;
    this.#number += 1;
    this.#next += batch.records.length;
    const settled = this.#waiters.filter(({ upTo }) => upTo <= this.#next);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#next);
    for (const { go } of settled) go();
  }

  async #refusal(batch: JournalBatch): Promise<Refusal> {
    const { stream, session, server, epoch, reclaim } = this.#options;
    const found = await stream.last(session, this.#last);
    if (this.#state !== 'open') return 'again';
    const newest = found?.batch;
    if (newest && newest.epoch > epoch) return 'fenced';
    const isOwn = newest?.server === server && newest.epoch === epoch;
    if (found && isOwn && newest.number === batch.number) {
      this.#arrived(batch, found.seq);
      return 'arrived';
    }
    // A broker that was stopped for a while stored a batch a second time, behind those that came meanwhile.
    if (found && found.seq > this.#last && (isOwn || (await this.#isThere()))) {
      this.#last = found.seq;
      return 'again';
    }
    if (isOwn) return 'again';
    if (!(await reclaim())) return 'fenced';
    // From the beginning: the stream's memory was lost, or the session was too old for it.
    this.#flying = undefined;
    this.#waiting = [];
    this.#lost = this.#end;
    this.#last = found?.seq ?? 0;
    this.#opens = true;
    this.#number += 1;
    this.#next = 0;
    return 'gone';
  }

  /** Whether the stream still has batches of this server. */
  async #isThere(): Promise<boolean> {
    const { stream, session, server, epoch } = this.#options;
    const all = await stream.read(session);
    return all.some(({ batch }) => batch.server === server && batch.epoch === epoch);
  }

  /** The next records that are there, first with the opening; undefined if nothing can be sent now. */
  async #batch(): Promise<JournalBatch | undefined> {
    const { server, epoch, opening, stream } = this.#options;
    const own = this.#next < this.#end ? await this.#records() : [];
    let size = this.#opens ? JSON.stringify(opening).length : 0;
    const records: JournalRecord[] = [];
    for (const record of own.slice(0, BATCH_RECORDS)) {
      size += JSON.stringify(record).length;
      if (size > stream.maxBatch && records.length > 0) break;
      records.push(record);
    }
    if (records.length === 0 && !this.#opens && !this.#unproven) return undefined;
    const more = this.#next + records.length < this.#lost;
    return {
      ...{ server, epoch, number: this.#number, records },
      ...(this.#opens && { opening }),
      ...(more && { more }),
    };
  }

  async #records(): Promise<readonly JournalRecord[]> {
    const first = this.#waiting[0]?.record ?? Number.POSITIVE_INFINITY;
    if (first <= this.#next) {
      this.#waiting = this.#waiting.slice(this.#next - first);
      return this.#waiting;
    }
    const own = await this.#options.own(this.#next, BATCH_RECORDS);
    if (own[0]?.record !== this.#next)
      throw new ParleyError('STORE_FAILED', `record ${this.#next} of the own journal is missing`);
    return own;
  }
}
