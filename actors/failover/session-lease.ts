import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { Backoff } from '../backoff.ts';
import type { Lease, LeaseEntry, LeaseStore } from '../ports/lease.ts';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;

/** Whether both name the same server in the same epoch. */
export function isSameLease(a: Lease, b: Lease): boolean {
  return a.server === b.server && a.epoch === b.epoch;
}

/**
 * Writes a lease at `revision`, also if the answer of an earlier attempt was lost. Resolves with what is there then, which is
 * another server's if that was faster; undefined: nothing is, or the store is out of date.
 */
export async function writeLease(
  store: LeaseStore,
  session: string,
  lease: Lease,
  revision: number,
): Promise<LeaseEntry | undefined> {
  const written = await store.swap(session, lease, revision);
  return written === undefined ? store.read(session) : { lease, revision: written };
}

export interface SessionLeaseOptions {
  readonly session: string;
  readonly lease: Lease;
  /** Its revision; 0: it is not written yet. */
  readonly revision: number;
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Time between two renewals, ms. */
  readonly renewMs: number;
  /** Another server has the session now. Called once. */
  readonly onLost: () => void;
  /** Receives why it could not be written; it is tried again. */
  readonly onProblem: (error: Error) => void;
}

/** Holds this server's lease of one session: writes it, renews it, and notices that it was lost. */
export class SessionLease {
  readonly #options: SessionLeaseOptions;
  readonly #retry = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  #revision: number;
  #over = false;
  /** The brokers may have lost their memory, and count anew: another lease may have this revision. */
  #unproven = false;
  /** Resolves when the broker has it. */
  readonly written: Promise<void>;
  #isWritten = () => {};
  #renewing: Promise<void> = Promise.resolve();
  #timer: TimerHandle | undefined;

  constructor(options: SessionLeaseOptions) {
    this.#options = options;
    this.#revision = options.revision;
    this.written = new Promise((resolve) => {
      this.#isWritten = resolve;
    });
    if (this.#revision === 0) this.#renewing = this.#renew();
    else this.#again(options.renewMs);
  }

  /** The fencing token; 0 before it is known. */
  get revision(): number {
    return this.#revision;
  }

  /** The brokers may have lost it: writes it again soon. */
  prove(): void {
    if (this.#over) return;
    this.#unproven = true;
    this.#timer?.cancel();
    this.#renewing = this.#renewing.then(() => this.#renew());
  }

  /** Writes it again. Resolves with whether it is this server's; rejects with BUS_UNREACHABLE. */
  async confirm(): Promise<boolean> {
    const { store, session, lease } = this.#options;
    while (this.#unproven) {
      // They may lose it again while this reads.
      this.#unproven = false;
      const entry = await store.read(session).catch((error) => {
        this.#unproven = true;
        throw error;
      });
      this.#revision = entry && isSameLease(entry.lease, lease) ? entry.revision : 0;
    }
    let found =
      (await writeLease(store, session, lease, this.#revision)) ??
      // All leases are gone, or this one was too old.
      (await writeLease(store, session, lease, 0));
    // A server that had lost the session was the first to tell brokers without a memory of it.
    if (found && found.lease.epoch < lease.epoch)
      found = await writeLease(store, session, lease, found.revision);
    if (!found || found.lease.epoch < lease.epoch)
      throw new ParleyError('BUS_UNREACHABLE', 'the broker is out of date');
    const own = isSameLease(found.lease, lease);
    if (own) {
      this.#revision = found.revision;
      this.#isWritten();
    } else if (!this.#over) {
      this.#stop();
      this.#options.onLost();
    }
    return own;
  }

  /** Gives it up, so that no server looks for the session. Resolves with whether it was still this server's. */
  async release(): Promise<boolean> {
    if (this.#over) return false;
    this.#stop();
    await this.#renewing;
    if (this.#revision === 0) return false;
    return this.#options.store.release(this.#options.session, this.#revision);
  }

  /** Leaves it as it is, for the next server. */
  leave(): void {
    this.#stop();
  }

  async #renew(): Promise<void> {
    if (this.#over) return;
    try {
      await this.confirm();
      this.#retry.reset();
      this.#again(this.#options.renewMs);
    } catch (error) {
      this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
      this.#again(this.#retry.nextMs());
    }
  }

  #again(delayMs: number): void {
    if (this.#over) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#renewing = this.#renew();
    });
  }

  #stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }
}
