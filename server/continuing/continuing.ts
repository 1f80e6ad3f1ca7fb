import { randomUUID } from 'node:crypto';
import type { JournalSoFar } from '../../actors/journal/recorder.ts';
import type { JournalStore } from '../../actors/ports/journal.ts';
import type {
  SessionOpening,
  SessionRecordHead,
  SessionRecords,
} from '../../actors/ports/session-records.ts';
import type { Store } from '../../actors/ports/store.ts';
import { RecordKeeper } from '../../actors/records/record-keeper.ts';
import { restoreSession } from '../../actors/records/restore.ts';
import type { ResumedSession } from '../../actors/session/resumed-session.ts';
import { openSession, type SessionDeps } from '../../actors/session/session.ts';
import { logOf } from '../../actors/session/story.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { TurnOutcome } from '../../machines/session/commands.ts';
import type { Config } from '../config/schema.ts';
import type { LastSeen, SessionListener } from '../door/session-host.ts';
import type { Failover } from '../failover/failover.ts';
import { ownerOf } from '../failover/owner.ts';
import type { Logger } from '../log.ts';
import { observedHost, type SessionObserver } from '../observers.ts';
import type { Stores } from '../stores.ts';
import { isProof } from './proof.ts';

/** A session of another process that this one resumes. */
export type Continued = ResumedSession & {
  /** Of its client's connection: higher than any that the client has seen. */
  readonly epoch: number;
  /** Revision of its record, which this process has taken. */
  readonly record?: {
    readonly revision: number;
    readonly epoch: number;
    readonly opening: SessionOpening;
  };
};

/** Resumes the sessions of processes before, and keeps what the next one needs. */
export interface Continuing {
  waitsFor(session: string, proof: string): boolean;
  /**
   * Takes a session and passes on what its client has missed; undefined if it cannot be resumed. `parameters`: of this process. Rejects
   * with BUS_UNREACHABLE, STORE_FAILED or STORE_CLOSED if only not now.
   */
  take(
    session: string,
    seen: LastSeen,
    listener: SessionListener,
    parameters: SessionParameters,
  ): Promise<Continued | undefined>;
  /** Keeps the record of a session of this process. */
  keep(session: string, opening: SessionOpening, onFenced: () => void, of?: Continued): RecordKeeper;
  /** Sessions in the data directory that have no end. */
  left(): Promise<readonly string[]>;
  /**
   * Lets a session be resumed here, as another process of the data directory has left it. Resolves with false if it is not
   * there. `onGone` is called if its client does not come back in time.
   */
  adopt(session: string, onGone: () => void): Promise<boolean>;
  /** Ends a session without a returned client, as lost. Never rejects. */
  end(session: string): Promise<void>;
  close(): Promise<void>;
}

export interface ContinuingOptions {
  /**
   * `all`: the sessions of the data directory, which is this server's alone. `adopted`: those that the supervisor names. `none`: no
   * session of the data directory.
   */
  readonly own: 'all' | 'adopted' | 'none';
  readonly config: { readonly limits: Pick<Config['limits'], 'awayMs'> };
  readonly stores: Pick<Stores, 'records' | 'unended'> & {
    readonly journals: Pick<JournalStore, 'lastRecord' | 'inputEnd' | 'readJournal'> | undefined;
    readonly store: Pick<Store, 'turns' | 'saveTurn' | 'saveSession' | 'endSession'>;
  };
  /** With it the records are common to several servers. */
  readonly failover?: Failover | undefined;
  /** Wall-clock time, ms since 1970. */
  readonly wallMs?: () => number;
  readonly deps: SessionDeps;
  /** Of the sessions that end here without a client. */
  readonly observers: readonly SessionObserver[];
  readonly clock: Clock;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
}

/** What the store may be able to do a moment later: the session is not lost. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['STORE_FAILED', 'STORE_CLOSED', 'BUS_UNREACHABLE']);
/** Epochs skipped: the newest connection before may not be in the record. */
const SKIPPED_EPOCHS = 2;
/** Of a session of the own data directory, until its record is read. */
const LEFT = { owner: '', epoch: 0, leaseUntilMs: 0, contextVersion: 0 } as const;
/** How long this process has a session that it takes, until it writes the record anew, ms. */
const TAKEN_MS = 60_000;

/**
 * Undefined if there are no sessions to resume: the data directory could not be locked, or a lost client ends its session. A client
 * that does not return within `limits.awayMs` after the start has lost its session.
 */
export async function startContinuing(options: ContinuingOptions): Promise<Continuing | undefined> {
  const { config, stores, log, own, failover } = options;
  const records = failover?.records ?? stores.records;
  // Those of other servers can be resumed without a data directory of its own.
  if (!records || config.limits.awayMs === 0 || (own === 'none' && !failover)) return undefined;
  const continuing = new RecordedSessions(options, records);
  try {
    if (own === 'all') await continuing.findAll();
  } catch (error) {
    log.warn({ err: error }, 'the sessions of the server before cannot be resumed');
    if (!failover) return undefined;
  }
  return continuing;
}

/** Exported for the simulator, whose servers begin at once. */
export class RecordedSessions implements Continuing {
  readonly #options: ContinuingOptions;
  readonly #records: SessionRecords;
  /** Id of this process. */
  readonly #id = randomUUID();
  readonly #wallMs: () => number;
  /** Sessions that have no process, and can be taken once. */
  readonly #waiting = new Map<string, SessionRecordHead>();
  readonly #timers = new Set<TimerHandle>();
  #ending: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ContinuingOptions, records: SessionRecords) {
    this.#options = options;
    this.#records = records;
    this.#wallMs = options.wallMs ?? Date.now;
  }

  /** Name of this process in the records. */
  get #owner(): string {
    return this.#options.failover?.owner ?? this.#id;
  }

  /** All sessions of the data directory wait for their clients. */
  async findAll(): Promise<void> {
    for (const [session, head] of await this.#present()) this.#waiting.set(session, head);
    this.#inTime(() => void this.#endForgotten([...this.#waiting.keys()]));
  }

  waitsFor(session: string, proof: string): boolean {
    // With failover only the records know who has it by now.
    return (
      this.#options.failover?.waitsFor(session, proof) ??
      isProof(this.#waiting.get(session)?.opening.proof, proof)
    );
  }

  async take(
    session: string,
    seen: LastSeen,
    listener: SessionListener,
    parameters: SessionParameters,
  ): Promise<Continued | undefined> {
    const offered = this.#options.failover?.claim(session);
    if (offered) this.#waiting.set(session, offered);
    const made = await this.#taken(session, seen, parameters);
    const { lastSeq } = seen;
    if (made && lastSeq !== undefined) for (const message of made.missed(lastSeq)) listener.message(message);
    return made;
  }

  keep(session: string, opening: SessionOpening, onFenced: () => void, of?: Continued): RecordKeeper {
    const { clock, deps, failover, log } = this.#options;
    const kept = new RecordKeeper({
      ...{ session, opening, clock, records: this.#records, owner: this.#owner },
      ...{ taken: of?.record, wallMs: this.#wallMs, shared: failover?.waits },
      onFenced() {
        log.warn({ session }, 'another server has this session now');
        onFenced();
      },
      onProblem(error) {
        // It is tried again: a broker may be away for a while.
        if (failover) log.debug({ session, err: error }, error.message);
        else deps.onProblem(session, error);
      },
    });
    failover?.hold(session, kept);
    return kept;
  }

  async left(): Promise<readonly string[]> {
    return [...(await this.#present()).keys()];
  }

  async adopt(session: string, onGone: () => void): Promise<boolean> {
    if (!(await this.#add(session))) return false;
    this.#inTime(() => {
      if (this.#waiting.has(session)) void this.#endForgotten([session]).then(onGone);
    });
    return true;
  }

  async end(session: string): Promise<void> {
    if (await this.#add(session)) await this.#endForgotten([session]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#ending;
  }

  /** The sessions that processes of this data directory have left. */
  async #present(): Promise<ReadonlyMap<string, SessionRecordHead>> {
    const { failover, stores } = this.#options;
    if (failover) {
      const own = (await stores.unended?.()) ?? [];
      return new Map(own.map(({ session, ...opening }) => [session, { ...LEFT, opening }]));
    }
    const present = new Map<string, SessionRecordHead>();
    const stop = await this.#records.watch(({ session, head }) => {
      if (head) present.set(session, head);
    });
    stop();
    return present;
  }

  /** False: it is not there, or this could not be found out. */
  async #add(session: string): Promise<boolean> {
    const { deps, failover } = this.#options;
    if (failover) {
      const head = (await this.#present()).get(session);
      if (head) this.#waiting.set(session, head);
      return head !== undefined;
    }
    const found = await this.#records.load(session).catch((error: Error) => deps.onProblem(session, error));
    if (found) this.#waiting.set(session, found.record);
    return found !== undefined;
  }

  #inTime(then: () => void): void {
    const { clock, config } = this.#options;
    const timer = clock.setTimer(config.limits.awayMs, () => {
      this.#timers.delete(timer);
      then();
    });
    this.#timers.add(timer);
  }

  async #taken(session: string, seen: LastSeen, parameters: SessionParameters) {
    const { log, failover } = this.#options;
    const head = this.#waiting.get(session);
    this.#waiting.delete(session);
    if (!head) return undefined;
    try {
      const made = await this.#resumed(session, seen, parameters);
      if (!made) failover?.settled(session);
      return made;
    } catch (error) {
      failover?.settled(session);
      const passes = error instanceof ParleyError && PASSING.has(error.code);
      const when = passes ? ' now' : '';
      log.warn({ session, err: error }, `a session of the process before cannot be resumed${when}`);
      if (!passes) return undefined;
      this.#waiting.set(session, head);
      throw error;
    }
  }

  /** Loads the record, and makes it this process's. */
  async #resumed(session: string, seen: LastSeen, parameters: SessionParameters) {
    const { stores, deps, log, failover } = this.#options;
    const { journals } = stores;
    const [found, last, stored] = await Promise.all([
      this.#records.load(session),
      journals?.lastRecord(session),
      journals?.inputEnd(session),
    ]);
    if (!found) return undefined;
    const { record, revision: before } = found;
    const restored = restoreSession(record, { ...seen, parameters, last, behaviour: deps.behaviour });
    if (!restored) {
      const { contextVersion } = record;
      log.warn(
        { session, contextVersion },
        'a session of the process before cannot be resumed by this version',
      );
      await this.#forget(session, before);
      return undefined;
    }
    const { kernel, snapshot, listener, missed } = restored;
    const epoch = Math.max(record.epoch, seen.epoch ?? 0) + SKIPPED_EPOCHS;
    const own = { ...record, owner: this.#owner, epoch, leaseUntilMs: this.#wallMs() + TAKEN_MS };
    const revision = await this.#records.save(session, own, before, true).catch((error) => {
      if (!failover) throw error;
      // Another server was faster, or that could not be found out: the client finds it when it comes back.
      throw new ParleyError('BUS_UNREACHABLE', 'connect again', { cause: error });
    });
    if (failover) await stores.store.saveSession({ session, ...record.opening });
    await this.#saveTurns(session, snapshot.unsaved);
    const isOthers = failover && ownerOf(record.owner)?.url !== ownerOf(this.#owner)?.url;
    const facts = { session, epoch, bytes: record.snapshot.length };
    if (isOthers) log.info({ ...facts, from: record.owner }, 'took a session over');
    else log.info(facts, 'a session is resumed');
    return {
      ...{ kernel, snapshot, listener, missed, epoch, record: { revision, epoch, opening: record.opening } },
      journal: last && journalAfter(last),
      inputEnd: Math.max(snapshot.inputEnd, stored ?? 0),
      log: () => logSoFar(journals, session, last, snapshot.kernel.seq),
    } satisfies Continued & { readonly missed: typeof missed };
  }

  /** Turns that ended in the last moment of the process before may not be in the store. */
  async #saveTurns(session: string, unsaved: readonly TurnOutcome[]): Promise<void> {
    const { store } = this.#options.stores;
    if (unsaved.length === 0) return;
    const known = new Set((await store.turns(session)).map(({ generation }) => generation));
    const missing = unsaved.filter(({ generation }) => !known.has(generation));
    await Promise.all(
      missing.map((turn) => store.saveTurn({ session, ...turn, timings: { ...turn.timings } })),
    );
  }

  async #forget(session: string, revision: number): Promise<void> {
    await this.#records.delete(session, revision);
    await this.#options.stores.store.endSession(session, new Date().toISOString());
  }

  /** Whether no other server has it. */
  async #isFree(session: string): Promise<boolean> {
    const { failover } = this.#options;
    if (!failover) return true;
    const found = await failover.records.load(session);
    return found !== undefined && failover.isFree(found.record);
  }

  /** Ends those that still wait, one after another. */
  #endForgotten(sessions: readonly string[]): Promise<void> {
    const { deps } = this.#options;
    this.#ending = this.#ending.then(async () => {
      for (const session of sessions) {
        const head = this.#waiting.get(session);
        if (this.#isClosed || !head) continue;
        await this.#endLost(session, head.opening).catch((error: Error) => deps.onProblem(session, error));
      }
    });
    return this.#ending;
  }

  /** Its client did not come back: it ends as lost, with what its record says. */
  async #endLost(session: string, opening: SessionOpening): Promise<void> {
    const { deps, observers, stores, failover } = this.#options;
    const made = (await this.#isFree(session)) && (await this.#taken(session, {}, deps.parameters));
    if (made) {
      const { outputRate, seed } = made.kernel.context.input;
      const { language, user } = opening;
      const request = { session, language, outputRate, input: 'text', ...(user && { user }) } as const;
      const record = this.keep(session, opening, () => {}, made);
      const open = async () => openSession({ ...deps, record }, { ...request, seed }, undefined, made);
      const noClient = { message: () => {}, audio: () => {} };
      const handle = await observedHost({ open }, observers).open(request, noClient);
      await handle.close('lost').finally(() => failover?.settled(session));
    }
    await stores.store.endSession(session, new Date().toISOString());
  }
}

function journalAfter(last: JournalRecord): JournalSoFar {
  return { records: last.record + 1, writer: new JournalWriter('', sha256, { record: last }) };
}

/** What happened up to the snapshot; undefined if the journal does not have all of it. */
async function logSoFar(
  journals: Pick<JournalStore, 'readJournal'> | undefined,
  session: string,
  last: JournalRecord | undefined,
  seq: number,
) {
  if (!journals || !last) return undefined;
  const records = (await journals.readJournal(session)).records.slice(0, last.record + 1);
  while ((records.at(-1)?.seq ?? 0) > seq) records.pop();
  return records.at(-1)?.seq === seq ? logOf(records) : undefined;
}
