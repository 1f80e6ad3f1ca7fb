import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type TakenSession, type TakeoverStage, takeSession } from '../../actors/failover/takeover.ts';
import type { JournalOpening, JournalStream } from '../../actors/ports/journal-stream.ts';
import type { Lease, LeaseEntry, LeaseStore } from '../../actors/ports/lease.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Elsewhere } from '../door/elsewhere.ts';
import type { Logger } from '../log.ts';
import { Adoptions } from './adoptions.ts';
import { replicatedJournals } from './replicated-journals.ts';
import { ReplicatedSession } from './replicated-session.ts';
import { Stages } from './stages.ts';

/** How long a takeover may take, ms: the client waits. */
const TAKE_MS = 8_000;
/** How long a session that was taken waits for its client, ms. Later it is taken anew: another server may have it by then. */
const CLAIM_MS = 2_000;
/** Time after which live sessions are known again to brokers that have lost their memory, ms. */
const KNOWN_MS = 5_000;
/** Time after which brokers that have no whole journal of a session will not get one either, ms. */
const WHOLE_MS = 10_000;
/** How long the owner that was found is remembered, ms: until it is known to be of no use. */
const ASKED_MS = 30_000;
const HOUR_MS = 3_600_000;
const SESSION_PATH = '/v1/session';

/** What other servers must know of a session. */
export type ReplicatedFacts = Omit<JournalOpening, 'header' | 'headerHash'> & { readonly session: string };

export interface FailoverOptions {
  readonly leases: LeaseStore;
  readonly stream: JournalStream;
  /** Whether the broker can be reached, as far as is known. */
  readonly connected: () => boolean;
  /** Calls the listener when a lost connection to the broker is back. */
  readonly onBack: (listener: () => void) => void;
  readonly clock: Clock;
  /** Wall-clock time, ms since 1970. */
  readonly wallMs: () => number;
  /** Machine hash of this server. */
  readonly machine: string;
  readonly keptHours: number;
  readonly turnMs: number;
  readonly actionMs: number;
  /** Time after which a session without a sign of life is over, ms. */
  readonly silentMs: number;
  /** Records of a journal in the own store. */
  readonly own: (session: string, from: number, limit: number) => Promise<readonly JournalRecord[]>;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
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
  /** Whose journals are not open yet. */
  readonly #begun = new Map<string, ReplicatedSession>();
  readonly #outcomes = new Map<string, Outcome>();
  /** Those that this process is rebuilding, runs or is closing. They cannot be taken until it has done with them. */
  readonly #held = new Set<string>();
  /** Of sessions that this process runs. */
  readonly #copies = new Map<string, ReplicatedSession>();
  #backMs = Number.NEGATIVE_INFINITY;
  /** Those that are being taken, for any number of attempts of their clients. */
  readonly #taking = new Map<string, Promise<Lease | undefined>>();
  readonly #adoptions: Adoptions;
  /** When the brokers were first found without a whole journal of a session, ms. */
  readonly #partial = new Map<string, number>();
  /** Epoch of the owner that was found last, by session. */
  readonly #asked = new Map<string, number>();

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#adoptions = new Adoptions(options.clock);
    options.onBack(() => {
      this.#backMs = options.clock.nowMs();
      for (const copy of this.#copies.values()) copy.prove();
    });
  }

  /** Call once it is known, before the first session. */
  reachableAt(url: string): void {
    this.#url = url.replace(/^http/u, 'ws').replace(/\/$/u, '');
  }

  /**
   * See {@link Elsewhere}. A session whose server was found to be of no use is taken over: `waitsFor` knows then whoever gives the
   * proof.
   */
  readonly find: Elsewhere['find'] = async ({ session, proof, failed }) => {
    const { clock, leases, log } = this.#options;
    const stages = new Stages(clock, 'find');
    const look = async () => {
      const found = await leases.read(session);
      if (!found && clock.nowMs() - this.#backMs < KNOWN_MS)
        throw new ParleyError('BUS_UNREACHABLE', 'the broker is just back, and may have lost its memory');
      if (!found || !isProof(found.lease.proof, proof)) {
        log.info(
          { session, isLeased: found !== undefined },
          'a session that a client wants back is not there',
        );
        return undefined;
      }
      const { url, epoch } = found.lease;
      const useless = failed !== undefined && this.#asked.get(session) === epoch;
      const owner = url === this.#url || useless ? await this.#take(session, found, stages) : found.lease;
      if (!owner) return undefined;
      this.#remember(session, owner.epoch);
      return { url: `${owner.url}${SESSION_PATH}` };
    };
    try {
      return await inTime(clock, TAKE_MS, look());
    } catch (error) {
      const { ms } = stages;
      log.warn({ session, err: error, ms }, 'a session of another server could not be taken over');
      this.#settle(session, {
        proof,
        error: new ParleyError('BUS_UNREACHABLE', 'connect again', { cause: error }),
      });
      return undefined;
    }
  };

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
    if (outcome?.taken) this.#held.add(session);
    return outcome?.taken;
  }

  /** This process has done with a session that it claimed or began. */
  settled(session: string): void {
    this.#held.delete(session);
    this.#copies.delete(session);
  }

  /** Takes a session that this process's forerunner has left, as that is known to have ended. */
  async takeOwn(session: string): Promise<TakenSession | undefined> {
    const found = await this.#options.leases.read(session);
    // Not if its client is just coming back to it here.
    if (found?.lease.url !== this.#url || found.lease.server === this.server || this.#taking.has(session))
      return undefined;
    await this.#take(session, found, new Stages(this.#options.clock, 'find'));
    return this.claim(session);
  }

  /**
   * Makes a session of this process one that others can take over. `onFenced`: one of them has; this process must do nothing more
   * for it.
   */
  begin(
    { session, ...facts }: ReplicatedFacts,
    onFenced: () => void,
    taken?: TakenSession,
  ): ReplicatedSession {
    const { user, proof } = facts;
    const { log, own, keptHours, machine } = this.#options;
    const lease: Lease = taken?.lease ?? {
      ...{ server: this.server, url: this.#url, epoch: 1, proof, machine },
      ...(user !== undefined && { user: sha256(user) }),
    };
    const stored = this.#adoptions.stored(session);
    stored.catch(() => {}); // `own` rejects with it; nobody may ask
    const copy = new ReplicatedSession({
      ...this.#options,
      ...{ session, lease, facts },
      ...(taken && { taken }),
      renewMs: (keptHours * HOUR_MS) / 3,
      own: async (from, limit) => {
        await stored;
        return own(session, from, limit);
      },
      onFenced: () => {
        log.warn({ session }, 'another server has this session now');
        onFenced();
      },
      onProblem: (error) => log.debug({ session, err: error }, error.message),
    });
    this.#begun.set(session, copy);
    this.#copies.set(session, copy);
    this.#held.add(session);
    return copy;
  }

  /** The journal of a session that was claimed. The own store gets it in the background. Rejects with STORE_FAILED or STORE_CLOSED. */
  readonly adopt: Adoptions['adopt'] = (store, taken) => this.#adoptions.adopt(store, taken);

  /** `journals`, whose records are also copied in the sessions that were begun. */
  replicated<Journals extends Parameters<typeof replicatedJournals>[0]>(journals: Journals): Journals {
    const continueJournal: Journals['continueJournal'] = (session, records, onFailure) => {
      const open = () => journals.continueJournal(session, records, onFailure);
      return this.#adoptions.continued(session, open, onFailure);
    };
    return replicatedJournals({ ...journals, continueJournal }, (session, head) => {
      const copy = this.#begun.get(session);
      this.#begun.delete(session);
      copy?.open(head);
      return copy;
    });
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

  /** Resolves with the owner if another server was faster. One attempt at a time: a second one would fence the first. */
  async #take(session: string, found: LeaseEntry, stages: Stages): Promise<Lease | undefined> {
    if (this.#held.has(session))
      throw new ParleyError('BUS_UNREACHABLE', 'the session is not closed here yet');
    const underway =
      this.#taking.get(session) ??
      this.#takeNow(session, found, stages).finally(() => this.#taking.delete(session));
    this.#taking.set(session, underway);
    return underway;
  }

  async #takeNow(session: string, found: LeaseEntry, stages: Stages): Promise<Lease | undefined> {
    const { leases, stream, wallMs, silentMs, machine, log } = this.#options;
    const lost = (why: string) => void log.info({ session, why }, 'a session cannot be taken over');
    if (found.lease.machine !== machine) return lost('its server had another machine');
    const partial = (why: string) => {
      if (this.#mayBecomeWhole(session)) throw new ParleyError('BUS_UNREACHABLE', why);
      return lost(why);
    };
    const begunMs = wallMs();
    stages.begin('last');
    const last = await stream.last(session);
    if (!last) return partial('the broker has no journal of it');
    if (last.atMs + silentMs < begunMs) return lost('it was silent for too long');
    const self = { server: this.server, url: this.#url };
    const onStage = (stage: TakeoverStage) => stages.begin(stage);
    const takeover = await takeSession({ session, self, found, last, leases, stream, onStage });
    if (takeover.type === 'partial') return partial('the broker has no whole journal of it');
    this.#partial.delete(session);
    if (takeover.type === 'elsewhere') return takeover.lease;
    const { records } = takeover.session;
    const { ms } = stages;
    log.info({ session, from: found.lease.url, records: records.length, ms }, 'took a session over');
    this.#settle(session, { proof: found.lease.proof, taken: takeover.session });
    return undefined;
  }

  /** Whether a server that may still run the session has had too little time to tell the brokers its journal anew. */
  #mayBecomeWhole(session: string): boolean {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const sinceMs = this.#partial.get(session) ?? nowMs;
    if (!this.#partial.has(session)) {
      this.#partial.set(session, nowMs);
      clock.setTimer(2 * WHOLE_MS, () => {
        if (this.#partial.get(session) === nowMs) this.#partial.delete(session);
      });
    }
    return nowMs - sinceMs < WHOLE_MS;
  }

  #remember(session: string, epoch: number): void {
    this.#asked.set(session, epoch);
    this.#options.clock.setTimer(ASKED_MS, () => {
      if (this.#asked.get(session) === epoch) this.#asked.delete(session);
    });
  }

  #settle(session: string, outcome: Outcome): void {
    this.#outcomes.set(session, outcome);
    this.#options.clock.setTimer(CLAIM_MS, () => {
      if (this.#outcomes.get(session) === outcome) this.#outcomes.delete(session);
    });
  }
}

/** Resolves or rejects like `work`; rejects with BUS_UNREACHABLE if that takes longer. */
function inTime<Result>(clock: Clock, ms: number, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new ParleyError('BUS_UNREACHABLE', `no takeover within ${ms} ms`));
    const timer = clock.setTimer(ms, late);
    void work.then(resolve, reject).then(() => timer.cancel());
  });
}

function isProof(own: string, given: string): boolean {
  return own.length === given.length && timingSafeEqual(Buffer.from(own), Buffer.from(given));
}
