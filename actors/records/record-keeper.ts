import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { CONTEXT_VERSION } from '../../machines/session/context-version.ts';
import { Backoff } from '../backoff.ts';
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
  /** Of records that several servers share. Absent: they are on this host. */
  readonly shared?: SharedWaits | undefined;
}

/** How long a session waits for a broker that may be away. */
export interface SharedWaits {
  /** How long the end of a turn waits for it, ms. */
  readonly turnMs: number;
  /** How long an action waits for it, ms. */
  readonly actionMs: number;
  /** How long the owner has the session after a write, ms. It writes again after a third of it. */
  readonly leaseMs: number;
  /** Whether the broker can be reached, as far as is known. */
  readonly connected: () => boolean;
}

/** Longest time that a change waits which no effect waits for, ms. */
const SOON_MS = 250;
/** Wait before another attempt at a store that fails, ms; at a broker it begins with less. */
const AGAIN_MS = 1_000;
const FIRST_AGAIN_MS = 50;
/** How long a client waits for a session that others could take, ms: half of what clients wait for `ready`. */
const ESTABLISHED_MS = 5_000;
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
  /** The epoch with which this process took the session. Previous owners wrote lower ones. */
  readonly #takenEpoch: number;
  readonly #again: Backoff;
  #renewal: TimerHandle | undefined;

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    this.#revision = options.taken?.revision ?? 0;
    this.#takenEpoch = options.taken?.epoch ?? 1;
    this.#epoch = this.#takenEpoch;
    this.#again = new Backoff(options.shared ? FIRST_AGAIN_MS : AGAIN_MS, AGAIN_MS);
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

  /**
   * Resolves when the session as it is now is in the store. Rejects with the error of the store, or EPOCH_SUPERSEDED. A store that servers
   * share is tried again for a time; then it rejects with BUS_UNREACHABLE.
   */
  saved(): Promise<void> {
    return this.#savedIn(this.#options.shared?.actionMs);
  }

  /**
   * Whether the end of a turn waits for other servers. Resolves when they can know the session as it is now, or after a limited time: then
   * only this server knows it. Rejects with EPOCH_SUPERSEDED.
   */
  get acknowledged(): (() => Promise<void>) | undefined {
    const { shared } = this.#options;
    if (!shared) return undefined;
    return () =>
      this.#savedIn(shared.connected() ? shared.turnMs : 0).catch((error) => {
        if (this.#isFenced) throw error;
      });
  }

  /** Resolves when another server can take the session, or after a limited time without an answer. Never rejects. */
  async established(): Promise<void> {
    if (this.#options.shared) await this.#savedIn(ESTABLISHED_MS).catch(() => {});
  }

  /** The store may have lost it: it is written again soon. */
  prove(): void {
    this.#isUnsure = true;
    this.change(true);
  }

  async #savedIn(withinMs: number | undefined): Promise<void> {
    const { clock, session } = this.#options;
    if (this.#over) throw this.#over;
    if (this.#saved === this.#changes) return;
    this.#urgent = this.#changes;
    const upTo = this.#changes;
    let late: TimerHandle | undefined;
    const done = new Promise<void>((resolve, reject) => {
      const one = { upTo, resolve, reject };
      this.#waiting.push(one);
      if (withinMs === undefined) return;
      late = clock.setTimer(withinMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== one);
        reject(new ParleyError('BUS_UNREACHABLE', `the record of ${session} was not written in time`));
      });
    });
    this.#schedule();
    await done.finally(() => late?.cancel());
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
      if (this.#revision > 0)
        await records.delete(session, this.#revision).catch(async (error) => {
          if (!isSuperseded(error)) throw error;
          // A write may have arrived late.
          await this.#settle();
          await records.delete(session, this.#revision);
        });
    } catch (error) {
      // Another server has it, or has ended it.
      if (!isSuperseded(error) && codeOf(error) !== 'SESSION_DELETED') onProblem(asError(error));
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
      else if (!this.#over) this.#later(this.#again.nextMs());
    });
  }

  /** Writes the newest snapshot. Resolves with whether that worked. */
  async #attempt(): Promise<boolean> {
    const { records, session } = this.#options;
    const wasUnsure = this.#isUnsure;
    try {
      if (wasUnsure) await this.#settle();
      const upTo = this.#changes;
      const isUrgent = this.#urgent > this.#saved;
      this.#revision = await records.save(session, this.#record(), this.#revision, isUrgent);
      this.#saved = upTo;
      for (const one of this.#waiting) if (one.upTo <= upTo) one.resolve();
      this.#waiting = this.#waiting.filter((one) => one.upTo > upTo);
      this.#again.reset();
      this.#renewLater();
      return true;
    } catch (thrown) {
      if (isSuperseded(thrown) && !wasUnsure && !this.#over) {
        // By another process, or by an earlier write of this one that arrived late.
        this.#isUnsure = true;
        return this.#attempt();
      }
      this.#failed(asError(thrown));
      return false;
    }
  }

  #failed(error: Error): void {
    const { shared, onProblem, onFenced } = this.#options;
    const code = codeOf(error);
    const isGone = code === 'SESSION_DELETED' || code === 'STORE_CLOSED';
    if (error instanceof Fenced || isGone) {
      this.#isFenced =
        !this.#over && (error instanceof Fenced || (shared !== undefined && code !== 'STORE_CLOSED'));
      this.#stop(error);
      if (this.#isFenced) onFenced();
      return;
    }
    if (!this.#isUnsure) onProblem(error);
    this.#isUnsure = true;
    if (shared) return;
    // Waiting callers are refused; a later call causes another attempt.
    this.#urgent = this.#saved;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Finds out whether a write that failed was stored. Rejects with EPOCH_SUPERSEDED if another process has written. */
  async #settle(): Promise<void> {
    const { records, session } = this.#options;
    const found = await records.load(session);
    if (found && !this.#isOwn(found.record)) throw new Fenced('EPOCH_SUPERSEDED', session);
    // Without a record the revision stays: the next write creates one, or fails with the reason.
    if (found) this.#revision = found.revision;
    this.#isUnsure = false;
  }

  /** Whether no other process has taken the session since this one has it: what an owner before it wrote may appear again. */
  #isOwn({ owner, epoch }: SessionRecord): boolean {
    if (owner === this.#options.owner) return epoch <= this.#epoch;
    return epoch < this.#takenEpoch || (owner === '' && this.#left);
  }

  #renewLater(): void {
    const { shared, clock } = this.#options;
    if (!shared || this.#over) return;
    this.#renewal?.cancel();
    this.#renewal = clock.setTimer(shared.leaseMs / 3, () => this.change(false));
  }

  #record(): SessionRecord {
    const { owner, opening, wallMs, shared } = this.#options;
    return {
      ...{ owner: this.#left ? '' : owner, epoch: this.#epoch, opening, contextVersion: CONTEXT_VERSION },
      leaseUntilMs: this.#left ? 0 : wallMs() + (shared?.leaseMs ?? LEASE_MS),
      snapshot: this.#snapshot?.() ?? '',
    };
  }

  #stop(error: Error): void {
    this.#over ??= error;
    this.#timer?.cancel();
    this.#renewal?.cancel();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Another process has the session. */
class Fenced extends ParleyError {}

function codeOf(error: unknown): string | undefined {
  return error instanceof ParleyError ? error.code : undefined;
}

function isSuperseded(error: unknown): boolean {
  return codeOf(error) === 'EPOCH_SUPERSEDED';
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
