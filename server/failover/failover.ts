import { randomUUID } from 'node:crypto';
import type { SessionRecordHead, SessionRecords } from '../../actors/ports/session-records.ts';
import type { SharedWaits } from '../../actors/records/record-keeper.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { isProof } from '../continuing/proof.ts';
import type { Elsewhere } from '../door/elsewhere.ts';
import type { Logger } from '../log.ts';
import { ownerName, ownerOf } from './owner.ts';

/** How long a look for a session may take, ms: the client waits. */
const FIND_MS = 8_000;
/** How long a session that was offered to its client waits for it, ms. Later another server may have it. */
const CLAIM_MS = 2_000;
/** How long the owner that was found is remembered, ms: until it is known to be of no use. */
const ASKED_MS = 30_000;
const SESSION_PATH = '/v1/session';

export interface FailoverOptions {
  readonly records: SessionRecords;
  /** Calls the listener when a lost connection to the broker is back. */
  readonly onBack: (listener: () => void) => void;
  readonly waits: SharedWaits;
  readonly clock: Clock;
  /** Wall-clock time, ms since 1970. */
  readonly wallMs: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** What a client that comes back finds here, until it claims it. */
interface Offer {
  readonly proof: string;
  readonly head?: SessionRecordHead;
  readonly error?: ParleyError;
}

/** A record that is kept here. */
interface Kept {
  prove(): void;
}

/** The sessions of a server that others can take over, and those that it takes over itself: their records are common to all servers. */
export class Failover implements Elsewhere {
  /** Id of this process among the servers. */
  readonly #id = randomUUID();
  readonly #options: FailoverOptions;
  #url = '';
  readonly #offers = new Map<string, Offer>();
  /** Those that this process resumes, runs or is closing. They cannot be taken until it has done with them. */
  readonly #held = new Map<string, Kept | undefined>();
  /** Owner that was found last, by session. */
  readonly #asked = new Map<string, string>();

  constructor(options: FailoverOptions) {
    this.#options = options;
    options.onBack(() => {
      for (const kept of this.#held.values()) kept?.prove();
    });
  }

  get records(): SessionRecords {
    return this.#options.records;
  }

  get waits(): SharedWaits {
    return this.#options.waits;
  }

  /** Name of this process in the records. */
  get owner(): string {
    return ownerName({ url: this.#url, id: this.#id });
  }

  /** Call once it is known, before the first session. */
  reachableAt(url: string): void {
    this.#url = url.replace(/^http/u, 'ws').replace(/\/$/u, '');
  }

  /**
   * See {@link Elsewhere}. A session without an owner, or whose owner was found to be of no use, is offered to its client here: `waitsFor`
   * knows then whoever gives the proof.
   */
  readonly find: Elsewhere['find'] = async ({ session, proof, failed }) => {
    const { clock, log, records } = this.#options;
    const look = async () => {
      const head = (await records.load(session))?.record;
      if (!head || !isProof(head.opening.proof, proof)) {
        log.info({ session, isKnown: head !== undefined }, 'a session that a client wants back is not there');
        return undefined;
      }
      const url = this.#ownerUrl(head);
      const isUseless = failed !== undefined && this.#asked.get(session) === head.owner;
      if (url === undefined || url === this.#url || isUseless) {
        if (this.#held.has(session))
          throw new ParleyError('BUS_UNREACHABLE', 'the session is not closed here yet');
        this.#offer(session, { proof, head });
        return undefined;
      }
      this.#remember(session, head.owner);
      return { url: `${url}${SESSION_PATH}` };
    };
    try {
      return await inTime(clock, FIND_MS, look());
    } catch (error) {
      log.warn({ session, err: error }, 'it cannot be found out who has a session');
      this.#offer(session, {
        proof,
        error: new ParleyError('BUS_UNREACHABLE', 'connect again', { cause: error }),
      });
      return undefined;
    }
  };

  /** Whether a session is offered to whoever gives this proof, or could not be found. */
  waitsFor(session: string, proof: string): boolean {
    const offer = this.#offers.get(session);
    return offer !== undefined && isProof(offer.proof, proof);
  }

  /** The session that was offered; only once. Throws BUS_UNREACHABLE if it could not be found out who has it. */
  claim(session: string): SessionRecordHead | undefined {
    const offer = this.#offers.get(session);
    this.#offers.delete(session);
    if (offer?.error) throw offer.error;
    if (this.#held.has(session)) throw new ParleyError('BUS_UNREACHABLE', 'the session is resumed already');
    if (offer) this.#held.set(session, undefined);
    return offer?.head;
  }

  /** This process begins or resumes a session, and keeps its record. */
  hold(session: string, kept: Kept): void {
    this.#held.set(session, kept);
  }

  /** This process has done with a session. */
  settled(session: string): void {
    this.#held.delete(session);
  }

  /** Whether a record says that no other server has its session. */
  isFree(head: SessionRecordHead): boolean {
    const url = this.#ownerUrl(head);
    return url === undefined || (url === this.#url && head.owner !== this.owner);
  }

  /** Deletes the records of these sessions, and of all sessions of the user. */
  async forget(user: string, sessions: readonly string[]): Promise<void> {
    const { records } = this.#options;
    const found = new Set(sessions);
    const stop = await records.watch(({ session, head }) => {
      if (head?.opening.user === user) found.add(session);
    });
    stop();
    for (const session of found) {
      const known = await records.load(session);
      if (known) await records.delete(session, known.revision);
    }
  }

  /** Undefined: its process has left it, or its lease has ended. */
  #ownerUrl({ owner, leaseUntilMs }: SessionRecordHead): string | undefined {
    return leaseUntilMs > this.#options.wallMs() ? ownerOf(owner)?.url : undefined;
  }

  #remember(session: string, owner: string): void {
    this.#asked.set(session, owner);
    this.#options.clock.setTimer(ASKED_MS, () => {
      if (this.#asked.get(session) === owner) this.#asked.delete(session);
    });
  }

  #offer(session: string, offer: Offer): void {
    this.#offers.set(session, offer);
    this.#options.clock.setTimer(CLAIM_MS, () => {
      if (this.#offers.get(session) === offer) this.#offers.delete(session);
    });
  }
}

/** Resolves or rejects like `work`; rejects with BUS_UNREACHABLE if that takes longer. */
function inTime<Result>(clock: Clock, ms: number, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new ParleyError('BUS_UNREACHABLE', `no answer within ${ms} ms`));
    const timer = clock.setTimer(ms, late);
    void work.then(resolve, reject).then(() => timer.cancel());
  });
}
