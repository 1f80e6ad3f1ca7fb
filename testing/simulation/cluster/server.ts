import type { TurnRecord } from '../../../actors/ports/store.ts';
import { openSession, type SessionDeps } from '../../../actors/session/session.ts';
import type { SessionOptions } from '../../../actors/session/session-input.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { LogEntry } from '../../../machines/log.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import { type Continued, RecordedSessions } from '../../../server/continuing/continuing.ts';
import type { RelayFailure } from '../../../server/door/elsewhere.ts';
import { Failover } from '../../../server/failover/failover.ts';
import type { Disk } from '../disk.ts';
import type { Sometimes } from '../sometimes.ts';
import type { Broker } from './broker.ts';
import { Life, type Line } from './life.ts';
import { ProcessClock } from './process-clock.ts';

/** What a client says when it comes. */
export interface Hello {
  /** Of the last time that it was let in. */
  readonly epoch: number;
  readonly lastSeq: number;
  readonly played: { readonly generation: number; readonly samples: number };
  readonly line: Line;
}

export interface ServerOptions {
  readonly name: string;
  readonly deps: SessionDeps;
  readonly session: SessionOptions;
  readonly broker: Broker;
  readonly disk: Disk;
  /** How far the wall clock is ahead, ms. */
  readonly skewMs: number;
  /** The server at this address, if it can be reached from here. */
  readonly reach: (url: string) => ClusterServer | undefined;
  readonly onEntry: (life: Life, entry: LogEntry) => void;
  /** The log of the processes before, up to the record that was taken. */
  readonly logBefore: (taken: Continued) => readonly LogEntry[];
  readonly onTaken: (life: Life, taken: Continued) => void;
  /** It has left its session to another server. `whole`: the brokers have answered. */
  readonly onLeft: (life: Life, whole: boolean) => void;
  readonly found: (what: string) => void;
  readonly reached: (name: Sometimes) => void;
}

/** As the door and the configuration have them, ms. */
const ANSWER_MS = 500;
const READY_MS = 10_000;
const AWAY_MS = 30_000;
const TURN_MS = 250;
const ACTION_MS = 10_000;
/** A lease is renewed after a third of it. Longer than two clocks differ. */
const LEASE_MS = 180_000;
const MAX_OWNERS = 3;
const MAX_HOPS = 2;
const PROOF = 'proof';
const SILENT_LOG = { debug() {}, info() {}, warn() {} };

/**
 * A server with one session, or without: the shipped failover, records and session, behind a door that does what the real one does
 * for a client that comes back. It may be slow, cut off, or dead; what is on its disk outlives its process.
 */
export class ClusterServer {
  readonly url: string;
  /** Turns in its store. */
  readonly turns: TurnRecord[] = [];
  life: Life | undefined;
  slowUntilMs = 0;
  /** From the broker, from the other servers, from the client. */
  readonly cutUntilMs = { broker: 0, servers: 0, client: 0 };
  isUp = false;
  readonly #options: ServerOptions;
  #clock: ProcessClock;
  #failover: Failover;
  #continuing: RecordedSessions;
  #awake = () => {};
  #back = () => {};
  /** It is about to stop. */
  #drain: { readonly atRest: boolean; readonly onStopped: () => void } | undefined;
  /** Number of the process. */
  #process = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.url = `ws://${options.name}`;
    this.#clock = this.#newClock();
    [this.#failover, this.#continuing] = this.#newProcess();
  }

  get isSlow(): boolean {
    const { clock } = this.#options.deps;
    return clock.nowMs() < this.slowUntilMs;
  }

  /** Until then it may not reach the brokers. */
  get hinderedUntilMs(): number {
    return Math.max(this.slowUntilMs, this.cutUntilMs.broker);
  }

  isCut(from: 'broker' | 'servers' | 'client'): boolean {
    return !this.isUp || this.#options.deps.clock.nowMs() < this.cutUntilMs[from];
  }

  /** Starts a process, unless one runs. */
  start(): void {
    if (this.isUp) return;
    this.#process += 1;
    this.isUp = true;
    this.#drain = undefined;
    this.#clock = this.#newClock();
    [this.#failover, this.#continuing] = this.#newProcess();
  }

  /** Kills it: what is not on disk is lost. */
  kill(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.slowUntilMs = 0;
    const { life } = this;
    this.life = undefined;
    this.#options.disk.crash();
    this.#clock.stop();
    life?.die();
  }

  /**
   * Stops it as SIGTERM and SIGHUP do: it admits no client, leaves its session when the time is over, or `atRest`, and ends then.
   */
  drain(graceMs: number, atRest: boolean, onStopped: () => void): void {
    if (!this.isUp || this.#drain) return;
    this.#drain = { atRest, onStopped };
    this.#clock.setTimer(graceMs, () => void this.#leave());
  }

  /** It does not stop after all. */
  stay(): void {
    this.#drain = undefined;
  }

  /** Nothing is heard of it for a while, and then it goes on as if nothing had been. */
  slow(ms: number, onAwake: () => void): void {
    const { clock } = this.#options.deps;
    const untilMs = clock.nowMs() + ms;
    if (untilMs < this.slowUntilMs) return;
    this.slowUntilMs = untilMs;
    const process = this.#clock;
    this.#awake = () => {
      if (this.slowUntilMs !== untilMs) return;
      this.slowUntilMs = clock.nowMs();
      onAwake();
      process.awake();
    };
    clock.setTimer(ms, this.#awake);
  }

  /** It goes on earlier, if it is slow. */
  /** Its connection to the brokers was lost, and is back. */
  back(): void {
    if (!this.isCut('broker')) this.#clock.whenAwake(() => this.#back());
  }

  awake(): void {
    if (this.isSlow) this.#awake();
  }

  whenAwake(run: () => void): void {
    this.#clock.whenAwake(run);
  }

  /** Begins the session here. */
  begin(line: Line): Life {
    const { session, language } = this.#options.session;
    const life = this.#newLife();
    const opening = { startedAt: '', language, proof: PROOF };
    const record = this.#continuing.keep(session, opening, () => this.#fenced(life));
    life.run((deps, client) => openSession({ ...deps, record }, this.#options.session, client));
    life.attach(line);
    return life;
  }

  /** Lets a client in that comes back. Resolves with why it cannot; undefined: it is in. */
  async enter(hello: Hello, hops = 0): Promise<ParleyError | undefined> {
    const { session } = this.#options.session;
    const process = this.#process;
    if (this.#drain) return new ParleyError('DRAINING');
    if (this.life?.isBehind(hello.epoch)) this.life.fence();
    const here = () => this.life !== undefined || this.#failover.waitsFor(session, PROOF);
    let failed: RelayFailure | undefined;
    for (let tries = 0; !here() && hops < MAX_HOPS; tries++) {
      if (tries === MAX_OWNERS) return new ParleyError('OVERLOADED');
      const owner = await this.#failover.find({ session, proof: PROOF, failed });
      if (!owner) break;
      failed = await this.#relay(owner.url, hello, hops);
      if (!failed) return undefined;
    }
    if (process !== this.#process || !hello.line.isOpen) return new ParleyError('BUS_UNREACHABLE');
    if (this.life) {
      await this.life.opened;
      return this.life?.admit(hello) ? undefined : new ParleyError('BUS_UNREACHABLE');
    }
    if (!this.#failover.waitsFor(session, PROOF)) return new ParleyError('SESSION_UNKNOWN');
    try {
      return await this.#open(hello);
    } catch (error) {
      if (error instanceof ParleyError) return error;
      throw error;
    }
  }

  async #relay(url: string, hello: Hello, hops: number): Promise<RelayFailure | undefined> {
    const owner = this.#options.reach(url);
    const late = (ms: number) =>
      new Promise<ParleyError>((resolve) => {
        this.#clock.setTimer(ms, () => resolve(new ParleyError('BUS_UNREACHABLE')));
      });
    if (!owner || owner.isSlow) {
      await late(ANSWER_MS);
      return 'unreachable';
    }
    // The session must not be taken from a later connection of the same client.
    if (!hello.line.isOpen) return undefined;
    const via = hello.line.via(this, owner);
    const refusal = await Promise.race([owner.enter({ ...hello, line: via }, hops + 1), late(READY_MS)]);
    if (refusal) via.drop();
    else this.#options.reached('a client was passed on to the server that has its session');
    return refusal && (refusal.code === 'SESSION_UNKNOWN' ? 'unknown' : 'unreachable');
  }

  async #open(hello: Hello): Promise<ParleyError | undefined> {
    const { session: options, deps, onTaken } = this.#options;
    const { session } = options;
    const { lastSeq, played, epoch } = hello;
    const process = this.#process;
    const missed: SessionMessage[] = [];
    const listener = { message: (message: SessionMessage) => void missed.push(message), audio: () => {} };
    const taken = await this.#continuing.take(session, { lastSeq, played, epoch }, listener, deps.parameters);
    if (process !== this.#process || !this.isUp) return new ParleyError('BUS_UNREACHABLE');
    if (!taken?.record) return new ParleyError('SESSION_UNKNOWN');
    const life = this.#newLife(taken);
    onTaken(life, taken);
    life.epoch = taken.record.epoch;
    life.admissions = taken.epoch;
    const record = this.#continuing.keep(session, taken.record.opening, () => this.#fenced(life), taken);
    life.run((own, client) => openSession({ ...own, record }, options, client, taken), missed);
    await life.opened;
    return life.admit(hello) ? undefined : new ParleyError('BUS_UNREACHABLE');
  }

  #newLife(taken?: Continued): Life {
    const { deps, disk, onEntry, found, logBefore } = this.#options;
    const clock = this.#clock;
    const failover = this.#failover;
    const { session } = this.#options.session;
    const life: Life = new Life({
      ...{ server: this, clock, resumed: taken, found, awayMs: AWAY_MS, onOver: () => this.#ended(life) },
      before: taken ? logBefore(taken) : [],
      settled: () => failover.settled(session),
      deps: {
        ...deps,
        clock,
        journal: disk.open,
        store: { ...deps.store, saveTurn: async (turn) => this.#save(turn) },
        onLog: (_session, entry) => {
          onEntry(life, entry);
          const rests = entry.type === 'event' && entry.state === 'idle';
          if (rests && this.#drain?.atRest) clock.setTimer(0, () => void this.#leave());
        },
      },
    });
    this.life = life;
    return life;
  }

  async #leave(): Promise<void> {
    const { life } = this;
    const process = this.#process;
    const stop = this.#drain?.onStopped;
    const begunMs = this.#clock.nowMs();
    if (!stop) return;
    await life?.leave();
    if (process !== this.#process || !this.isUp || !this.#drain) return;
    if (life) this.#options.onLeft(life, this.#clock.nowMs() - begunMs < ACTION_MS);
    this.kill();
    stop();
  }

  #fenced(life: Life): void {
    this.#options.reached('a server that had lost a session was refused');
    life.fence();
  }

  #ended(life: Life): void {
    if (this.life === life) this.life = undefined;
  }

  #save(turn: TurnRecord): void {
    this.turns.push(turn);
  }

  #newClock(): ProcessClock {
    return new ProcessClock(this.#options.deps.clock, () => this.isSlow);
  }

  #newProcess(): [Failover, RecordedSessions] {
    const { broker, deps, skewMs, disk } = this.#options;
    const clock = this.#clock;
    const process = this.#process;
    const isCut = () => process !== this.#process || this.isCut('broker');
    const wallMs = () => deps.clock.nowMs() + skewMs;
    const failover = new Failover({
      records: broker.link({ url: this.url, clock, isCut, life: () => this.life }),
      waits: { turnMs: TURN_MS, actionMs: ACTION_MS, leaseMs: LEASE_MS, connected: () => !isCut() },
      onBack: (listener) => {
        this.#back = listener;
      },
      ...{ clock, wallMs, log: SILENT_LOG },
    });
    failover.reachableAt(this.url);
    const continuing = new RecordedSessions(
      {
        ...{ own: 'none', config: { limits: { awayMs: AWAY_MS } }, deps: { ...deps, clock }, observers: [] },
        ...{ clock, wallMs, failover, log: SILENT_LOG },
        stores: {
          journals: {
            lastRecord: async () => (disk.isEmpty ? undefined : (await disk.read()).records.at(-1)),
            inputEnd: async () => 0,
            readJournal: () => disk.read(),
          },
          store: {
            turns: async () => this.turns,
            saveTurn: async (turn) => this.#save(turn),
            ...{ saveSession: async () => {}, endSession: async () => {} },
          },
        },
      },
      failover.records,
    );
    return [failover, continuing];
  }
}
