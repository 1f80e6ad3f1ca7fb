import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type TakenSession, takeSession } from '../../actors/failover/takeover.ts';
import type { JournalStream } from '../../actors/ports/journal-stream.ts';
import type { Lease, LeaseEntry, LeaseStore } from '../../actors/ports/lease.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Logger } from '../log.ts';
import { ReplicatedSession } from './replicated-session.ts';

/** How long a takeover may take, ms: the client waits. */
const TAKE_MS = 8_000;
/** How long a session that was taken waits for its client, ms; after that the client has to ask again. */
const CLAIM_MS = 30_000;
const HOUR_MS = 3_600_000;

/** What other servers must know of a session. */
export interface ReplicatedFacts {
  readonly session: string;
  readonly startedAt: string;
  readonly language: string;
  readonly user?: string | undefined;
  readonly proof: string;
}

export interface FailoverOptions {
  readonly leases: LeaseStore;
  readonly stream: JournalStream;
  /** Whether the broker can be reached, as far as is known. */
  readonly connected: () => boolean;
  readonly clock: Clock;
  /** Wall-clock time, ms since 1970. */
  readonly wallMs: () => number;
  readonly keptHours: number;
  readonly turnMs: number;
  readonly actionMs: number;
  /** Time after which a session without a sign of life is over, ms. */
  readonly silentMs: number;
  /** Records of a journal in the own store. */
  readonly own: (session: string, from: number, limit: number) => Promise<readonly JournalRecord[]>;
  readonly log: Logger;
}

/** What became of a takeover, until its client claims it. */
interface Outcome {
  readonly proof: string;
  readonly taken?: TakenSession;
  readonly error?: ParleyError;
}

/** The sessions of a server that others can take over, and those that it takes over itself. */
export class Failover {
  /** Id of this process among the servers. */
  readonly server = randomUUID();
  readonly #options: FailoverOptions;
  #url = '';
  readonly #begun = new Map<string, { readonly facts: ReplicatedFacts; readonly copy: ReplicatedSession }>();
  readonly #outcomes = new Map<string, Outcome>();

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /** Call once it is known, before the first session. */
  reachableAt(url: string): void {
    this.#url = url.replace(/^http/u, 'ws').replace(/\/$/u, '');
  }

  /**
   * Who runs a session; undefined if nobody does, or this server has just taken it. `failed`: the epoch of an owner that was found
   * before and is of no use. Never rejects.
   */
  async find(session: string, proof: string, failed?: number): Promise<Lease | undefined> {
    const { clock, leases, log } = this.#options;
    let deadline: { cancel(): void } | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = clock.setTimer(TAKE_MS, () =>
        reject(new ParleyError('BUS_UNREACHABLE', 'no takeover in time')),
      );
    });
    const look = async (): Promise<Lease | undefined> => {
      const found = await leases.read(session);
      if (!found || !isProof(found.lease.proof, proof)) return undefined;
      const { lease } = found;
      if (lease.url !== this.#url && lease.epoch !== failed) return lease;
      return this.#take(session, found);
    };
    try {
      return await Promise.race([look(), late]);
    } catch (error) {
      const known = error instanceof ParleyError ? error : new ParleyError('INTERNAL', String(error));
      log.warn({ session, err: known }, 'a session of another server could not be taken over');
      this.#settle(session, {
        proof,
        error: new ParleyError('BUS_UNREACHABLE', 'connect again', { cause: known }),
      });
      return undefined;
    } finally {
      deadline?.cancel();
    }
  }

  /** Whether this server has just taken the session for whoever gives this proof, or could not find out. */
  waitsFor(session: string, proof: string): boolean {
    const outcome = this.#outcomes.get(session);
    return outcome !== undefined && isProof(outcome.proof, proof);
  }

  /** The session that was taken; only once. Throws BUS_UNREACHABLE if it could not be taken now. */
  claim(session: string): TakenSession | undefined {
    const outcome = this.#outcomes.get(session);
    this.#outcomes.delete(session);
    if (outcome?.error) throw outcome.error;
    return outcome?.taken;
  }

  /** Takes a session that this process's forerunner has left, as that is known to have ended. */
  async takeOwn(session: string): Promise<TakenSession | undefined> {
    const found = await this.#options.leases.read(session);
    if (found?.lease.url !== this.#url) return undefined;
    await this.#take(session, found);
    return this.claim(session);
  }

  /**
   * Makes a session of this process one that others can take over. `onFenced`: one of them has; this process must do nothing more
   * for it.
   */
  begin(facts: ReplicatedFacts, onFenced: () => void, taken?: TakenSession): ReplicatedSession {
    const { session, user, proof } = facts;
    const { log, own, keptHours } = this.#options;
    const lease: Lease = taken?.lease ?? {
      ...{ server: this.server, url: this.#url, epoch: 1, proof },
      ...(user !== undefined && { user: sha256(user) }),
    };
    const copy = new ReplicatedSession({
      ...this.#options,
      ...{ session, lease },
      ...(taken && { taken }),
      renewMs: (keptHours * HOUR_MS) / 3,
      own: (from, limit) => own(session, from, limit),
      onFenced: () => {
        log.warn({ session }, 'another server has this session now');
        onFenced();
      },
      onProblem: (error) => log.debug({ session, err: error }, error.message),
    });
    this.#begun.set(session, { facts, copy });
    return copy;
  }

  /** What was begun for this session's journal, which is opened now. */
  begun(session: string): { readonly facts: ReplicatedFacts; readonly copy: ReplicatedSession } | undefined {
    const begun = this.#begun.get(session);
    this.#begun.delete(session);
    return begun;
  }

  /** Erases the journals of these sessions, and of all sessions of the user that were left without a server. */
  async forget(user: string, sessions: readonly string[]): Promise<void> {
    const { leases, stream } = this.#options;
    const digest = sha256(user);
    for (const session of new Set([...sessions, ...(await leases.all())])) {
      const found = await leases.read(session);
      if (!sessions.includes(session) && found?.lease.user !== digest) continue;
      if (found) await leases.release(session, found.revision);
      await stream.delete(session);
    }
  }

  async #take(session: string, found: LeaseEntry): Promise<Lease | undefined> {
    const { leases, stream, wallMs, silentMs, log } = this.#options;
    const begunMs = wallMs();
    const last = await stream.last(session);
    if (!last || last.atMs + silentMs < begunMs) return undefined;
    const self = { server: this.server, url: this.#url };
    const takeover = await takeSession({ session, self, found, leases, stream });
    if (takeover.type === 'elsewhere') return takeover.lease;
    if (takeover.type === 'gone') return undefined;
    const { records } = takeover.session;
    const ms = wallMs() - begunMs;
    log.info({ session, from: found.lease.url, records: records.length, ms }, 'took a session over');
    this.#settle(session, { proof: found.lease.proof, taken: takeover.session });
    return undefined;
  }

  #settle(session: string, outcome: Outcome): void {
    this.#outcomes.set(session, outcome);
    this.#options.clock.setTimer(CLAIM_MS, () => {
      if (this.#outcomes.get(session) === outcome) this.#outcomes.delete(session);
    });
  }
}

function isProof(own: string, given: string): boolean {
  return own.length === given.length && timingSafeEqual(Buffer.from(own), Buffer.from(given));
}
