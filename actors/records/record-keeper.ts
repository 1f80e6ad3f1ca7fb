import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { CONTEXT_VERSION } from '../../machines/session/context-version.ts';
import type { SessionOpening, SessionRecord, SessionRecords } from '../ports/session-records.ts';

export interface RecordKeeperOptions {
  readonly session: string;
  readonly records: Pick<SessionRecords, 'load' | 'save' | 'delete'>;
  /** Name of this process. */
  readonly owner: string;
  readonly opening: SessionOpening;
  /** Of a record that this process has taken. Default: there is no record yet. */
  readonly taken?: { readonly revision: number; readonly epoch: number } | undefined;
  readonly clock: Clock;
  /** Wall-clock time, ms since 1970. */
  readonly wallMs: () => number;
  /** Another process has the session: nothing may happen in it here any more. Called once. */
  readonly onFenced: () => void;
  readonly onProblem: (error: Error) => void;
}

/** Longest time that a change waits which no effect waits for, ms. */
const SOON_MS = 250;
/** Wait before another attempt at a store that fails, ms. */
const AGAIN_MS = 1_000;
/** How long the owner has the session after a write, ms: longer than any session may be silent. */
const LEASE_MS = 24 * 3_600_000;

interface Waiting {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps the record of one session: one write at a time, and each write has the newest snapshot. A failed write is tried again with the
 * next change, and at the latest after a second.
 */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  #snapshot: (() => string) | undefined;
  #revision: number;
  #epoch: number;
  /** Number of changes so far, of those in the store, and of those that an effect waits for. */
  #changes = 0;
  #saved = 0;
  #urgent = 0;
  #isWriting = false;
  /** The last write. */
  #writing: Promise<void> | undefined;
  #timer: TimerHandle | undefined;
  /** The last write has failed: it may have been stored. */
  #isUnsure = false;
  #over: Error | undefined;
  #left = false;
  #isFenced = false;
  #waiting: Waiting[] = [];

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    this.#revision = options.taken?.revision ?? 0;
    this.#epoch = options.taken?.epoch ?? 1;
  }

  /** Whether another process has the session. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** Counts the connections of the client. It never falls. */
  get epoch(): number {
    return this.#epoch;
  }

  set epoch(epoch: number) {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.change(true);
  }

  /** Saves what `snapshot` returns from now on, at each change. */
  follow(snapshot: () => string): void {
    this.#snapshot = snapshot;
  }

  /** The session has changed. `urgent`: save it at once. */
  change(urgent: boolean): void {
    this.#changes += 1;
    if (urgent) this.#urgent = this.#changes;
    this.#schedule();
  }

  /** Resolves when the session as it is now is in the store. Rejects with the error of the store, or EPOCH_SUPERSEDED. */
  async saved(): Promise<void> {
    if (this.#over) throw this.#over;
    if (this.#saved === this.#changes) return;
    this.#urgent = this.#changes;
    const upTo = this.#changes;
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ upTo, resolve, reject });
    });
    this.#schedule();
    await done;
  }

  /** Leaves the session to another process, with everything so far in the store. Never rejects. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#changes += 1;
    await this.saved().catch(() => {});
    this.abandon();
  }

  /** Writes nothing any more. */
  abandon(): void {
    this.#stop(new ParleyError('EPOCH_SUPERSEDED', this.#options.session));
  }

  /** The session has ended: its record is deleted. Never rejects. */
  async end(): Promise<void> {
    const { records, session, onProblem } = this.#options;
    const isOver = this.#over !== undefined;
    this.abandon();
    await this.#writing;
    if (isOver) return;
    try {
      if (this.#isUnsure) await this.#settle();
      if (this.#revision > 0) await records.delete(session, this.#revision);
    } catch (error) {
      onProblem(asError(error));
    }
  }

  #schedule(): void {
    if (this.#over || this.#isWriting || !this.#snapshot) return;
    if (this.#urgent > this.#saved) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#write();
    } else if (this.#changes > this.#saved) this.#later(SOON_MS);
  }

  #later(ms: number): void {
    this.#timer ??= this.#options.clock.setTimer(ms, () => {
      this.#timer = undefined;
      if (!this.#isWriting && !this.#over) this.#write();
    });
  }

  #write(): void {
    // Before the store is called: what it causes in the session must not begin another write.
    this.#isWriting = true;
    this.#writing = this.#attempt().then((isSaved) => {
      this.#isWriting = false;
      if (isSaved) this.#schedule();
      else if (!this.#over) this.#later(AGAIN_MS);
    });
  }

  /** Writes the newest snapshot. Resolves with whether that worked. */
  async #attempt(): Promise<boolean> {
    const { records, session } = this.#options;
    try {
      if (this.#isUnsure) await this.#settle();
      const upTo = this.#changes;
      const isUrgent = this.#urgent > this.#saved;
      this.#revision = await records.save(session, this.#record(), this.#revision, isUrgent);
      this.#saved = upTo;
      for (const one of this.#waiting) if (one.upTo <= upTo) one.resolve();
      this.#waiting = this.#waiting.filter((one) => one.upTo > upTo);
      return true;
    } catch (thrown) {
      this.#failed(asError(thrown));
      return false;
    }
  }

  #failed(error: Error): void {
    const code = error instanceof ParleyError ? error.code : undefined;
    if (code === 'EPOCH_SUPERSEDED' || code === 'SESSION_DELETED' || code === 'STORE_CLOSED') {
      this.#isFenced = code === 'EPOCH_SUPERSEDED' && !this.#over;
      this.#stop(error);
      if (this.#isFenced) this.#options.onFenced();
      return;
    }
    if (!this.#isUnsure) this.#options.onProblem(error);
    this.#isUnsure = true;
    // Waiting callers are refused; a later call causes another attempt.
    this.#urgent = this.#saved;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Finds out whether a write that failed was stored. Rejects with EPOCH_SUPERSEDED if another process has written. */
  async #settle(): Promise<void> {
    const { records, session, owner } = this.#options;
    const found = await records.load(session);
    const isOwn = found?.record.owner === owner || (this.#left && found?.record.owner === '');
    if (found && !isOwn) throw new ParleyError('EPOCH_SUPERSEDED', session);
    if (!found && this.#revision > 0) throw new ParleyError('SESSION_DELETED', session);
    this.#revision = found?.revision ?? 0;
    this.#isUnsure = false;
  }

  #record(): SessionRecord {
    const { owner, opening, wallMs } = this.#options;
    return {
      ...{ owner: this.#left ? '' : owner, epoch: this.#epoch, opening, contextVersion: CONTEXT_VERSION },
      leaseUntilMs: this.#left ? 0 : wallMs() + LEASE_MS,
      snapshot: this.#snapshot?.() ?? '',
    };
  }

  #stop(error: Error): void {
    this.#over ??= error;
    this.#timer?.cancel();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
