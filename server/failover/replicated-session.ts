import { Replica } from '../../actors/failover/replica.ts';
import { SessionLease } from '../../actors/failover/session-lease.ts';
import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { JournalOpening, JournalStream } from '../../actors/ports/journal-stream.ts';
import type { Lease, LeaseStore } from '../../actors/ports/lease.ts';
import type { Clock } from '../../machines/clock.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';

/** How long a client waits for a session that others could take, ms: half of what clients wait for `ready`. */
const ESTABLISHED_MS = 5_000;

export interface ReplicatedSessionOptions {
  readonly session: string;
  readonly lease: Lease;
  readonly facts: Omit<JournalOpening, 'header' | 'headerHash'>;
  /** Of a session that was taken from another server. */
  readonly taken?: TakenSession;
  readonly leases: LeaseStore;
  readonly stream: JournalStream;
  readonly clock: Clock;
  readonly renewMs: number;
  /** Times to wait for the stream, ms; see {@link ReplicatedSession.acknowledged} and `durable`. */
  readonly turnMs: number;
  readonly actionMs: number;
  readonly connected: () => boolean;
  readonly own: (from: number, limit: number) => Promise<readonly JournalRecord[]>;
  /** Another server has it. Called once. */
  readonly onFenced: () => void;
  readonly onProblem: (error: Error) => void;
}

/** A session of this process that another server can take over: its lease, and the copy of its journal. */
export class ReplicatedSession {
  readonly #options: ReplicatedSessionOptions;
  readonly #lease: SessionLease;
  #replica: Replica | undefined;
  #fenced = false;

  constructor(options: ReplicatedSessionOptions) {
    this.#options = options;
    const { session, lease, taken, leases, clock, renewMs, onProblem } = options;
    this.#lease = new SessionLease({
      ...{ session, lease, clock, renewMs, onProblem, store: leases },
      revision: taken?.revision ?? 0,
      onLost: () => this.#onFenced(),
    });
  }

  /** Whether another server has the session: nothing may be done for it any more. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** Begins the copy. Call once, before the first record; `head`: of a new journal. */
  open(head?: Pick<JournalOpening, 'header' | 'headerHash'>): void {
    const { session, lease, facts, taken, stream, clock, own, onProblem } = this.#options;
    const opening = head ? { ...facts, ...head } : taken?.opening;
    if (!opening) return;
    this.#replica = new Replica({
      ...{ session, stream, clock, own, opening, onProblem, server: lease.server, epoch: lease.epoch },
      ...{ last: taken?.last ?? 0, next: taken?.records.length ?? 0, number: taken ? 1 : 0 },
      reclaim: () => this.#lease.confirm(),
      onFenced: () => this.#onFenced(),
    });
    if (this.#fenced) this.#replica.fence();
  }

  append(record: JournalRecord): void {
    this.#replica?.append(record);
  }

  /** The brokers may have lost their memory: they get again what they lack, soon. */
  prove(): void {
    this.#lease.prove();
    this.#replica?.prove();
  }

  /** Resolves when another server can take the session, or after a limited time without an answer of the broker. Never rejects. */
  async established(): Promise<void> {
    const { clock, onProblem } = this.#options;
    const written = Promise.all([this.#lease.written, this.#replica?.durable(ESTABLISHED_MS)]);
    await new Promise<void>((resolve) => {
      const late = clock.setTimer(ESTABLISHED_MS, resolve);
      void written.catch(onProblem).then(() => {
        late.cancel();
        resolve();
      });
    });
  }

  /** Resolves when other servers know everything so far; rejects with BUS_UNREACHABLE or EPOCH_SUPERSEDED. */
  async durable(): Promise<void> {
    await this.#replica?.durable(this.#options.actionMs);
  }

  /** The same, but resolves too when it takes long: then only this server knows it. Rejects with EPOCH_SUPERSEDED. */
  async acknowledged(): Promise<void> {
    const { turnMs, connected } = this.#options;
    const waiting = this.#replica?.durable(connected() ? turnMs : 0);
    await waiting?.catch((error) => {
      if (this.#fenced) throw error;
    });
  }

  /** The session is over: nobody looks for it any more. Never rejects. */
  async end(): Promise<void> {
    const { session, stream, onProblem } = this.#options;
    this.#replica?.close();
    try {
      // If another server has it, which this one did not know yet, the stream is that server's.
      if (this.#fenced || !(await this.#lease.confirm())) return;
      // First the lease: while it is there another server may take the session, and begin to write.
      if (await this.#lease.release()) await stream.delete(session);
    } catch (error) {
      onProblem(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Leaves it to the next server, with everything so far in the stream if that answers. Never rejects. */
  async leave(): Promise<void> {
    await this.durable().catch(this.#options.onProblem);
    this.#replica?.close();
    this.#lease.leave();
  }

  #onFenced(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#lease.leave();
    this.#replica?.fence();
    this.#options.onFenced();
  }
}
