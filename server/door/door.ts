import { BlockList } from 'node:net';
import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { LoopClock } from '../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, ParleyError, type RetryAdvice } from '../../machines/errors.ts';
import type { EchoState, SessionMessage } from '../../machines/wire.ts';
import { Admission, namesOf } from './admission.ts';
import type { DoorRequest } from './door-request.ts';
import { DoorSession } from './door-session.ts';
import type { Elsewhere, Seek } from './elsewhere.ts';
import { FairPool } from './fair-pool.ts';
import { type DoorLimits, defaultDoorLimits } from './limits.ts';
import { type Payer, Quotas } from './quotas.ts';
import { proofOf } from './resumption.ts';
import { retryAdvice } from './retry-advice.ts';
import { Seat } from './seat.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionPeer } from './session-peer.ts';
import { DoorCounters, type DoorStats } from './stats.ts';
import type { Visit, Visitor } from './visitor.ts';
import type { WireTaps } from './wire-taps.ts';

export type { DoorRequest } from './door-request.ts';

/** Structured lines for the operator. A pino logger fits. */
export interface DoorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface AudioFrame {
  readonly generation: number;
  /** Counts the frames of the generation from 0. */
  readonly seq: number;
  /** PCM16LE at the output rate. */
  readonly pcm: Uint8Array;
}

/** Callbacks of an endpoint for its session: `opened` first, then the rest, and `ended` last, once. */
export interface DoorListener {
  opened(): void;
  /** Fatal errors are reported by `ended` only. */
  message(message: SessionMessage): void;
  /** Never of a flushed generation. */
  audio(frame: AudioFrame): void;
  /** All audio of a reply was sent; the client may still play it. Not called for an interrupted one. */
  audioSent?(generation: number): void;
  /** The server is about to stop; the session may continue for the drain grace. */
  draining(): void;
  /** The last call, with the error that ended the session, if any. Not called after `close('lost')`. */
  ended(error?: ErrorRecord & RetryAdvice): void;
}

/** An endpoint's handle of a session. Commands and audio given before `opened` are queued in order. */
export interface SessionHandle {
  readonly session: string;
  /** What the client needs to get the session back after a lost connection; undefined: it cannot. */
  readonly resumption?: { readonly secret: string; readonly epoch: number } | undefined;
  command(command: ClientCommand): void;
  /** Whole samples of PCM16LE at the input rate. */
  audio(pcm: Uint8Array): void;
  /** The text of the last reply in its first `samples` at the output rate; undefined for any other generation. */
  heardAt(generation: number, samples: number): string | undefined;
  setEcho?(echo: EchoState): void;
  /**
   * `bye`: the session's last messages still arrive, then `ended`. `lost`: the client has left, and no more calls
   * follow.
   */
  close(reason: 'bye' | 'lost'): void;
}

export interface DoorOptions {
  readonly clock: LoopClock;
  readonly host: SessionHost;
  readonly resamplers: ResamplerFactory;
  /** Default: all sessions are in this process. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Address of another server with room. Default: none is known. */
  readonly otherServer?: (() => string | undefined) | undefined;
  /** Default language: `en`. */
  readonly language?: string | undefined;
  /** Default voice; without it, the engine's own. */
  readonly voice?: string | undefined;
  /** Proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly proxies?: BlockList | undefined;
  /** Checked before each session and typed turn. Default: admit all. */
  readonly admission?: Admission | undefined;
  /** How long this process has not read its sockets lately, in ms; clients are not blamed for it. Default: never. */
  readonly stalledMs?: (() => number) | undefined;
  /** Sees the messages of clients. Default: nothing does. */
  readonly wire?: WireTaps | undefined;
  /** Only those that differ from `defaultDoorLimits`. */
  readonly limits?: Partial<DoorLimits> | undefined;
  readonly log?: DoorLog | undefined;
}

const silent: DoorLog = { info: () => {}, warn: () => {} };

/** Admits the clients of every endpoint, limits their number, and drains them. Independent of protocols. */
export class Door {
  readonly clock: LoopClock;
  readonly limits: DoorLimits;
  readonly log: DoorLog;
  /** For endpoints whose protocol has more rates than the door. */
  readonly resamplers: ResamplerFactory;
  /** Endpoints add what only they can count. */
  readonly counters = new DoorCounters();
  readonly admission: Admission;
  readonly wire: WireTaps | undefined;
  readonly proxies: BlockList;
  readonly #quotas: Quotas;
  readonly #options: DoorOptions;
  readonly #visits = new Map<Visit, Visitor>();
  readonly #perAddress = new Map<string, number>();
  /** Number of connections by address. */
  readonly #counted = new Set<Visit>();
  /** Visitors without a session. */
  readonly #waiting: FairPool<Visit>;
  /** Visitors that were asked to leave and have not closed yet. */
  readonly #leaving: FairPool<Visit>;
  /** With their users, if they are known. */
  readonly #sessions = new Map<DoorSession, string | undefined>();
  /** Called when these have ended completely. */
  readonly #awaited = new Map<DoorSession, () => void>();
  readonly #closes: Record<number, number> = {};
  #places = 0;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #onEmpty: (() => void)[] = [];

  constructor(options: DoorOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.limits = { ...defaultDoorLimits, ...options.limits };
    this.log = options.log ?? silent;
    this.resamplers = options.resamplers;
    this.wire = options.wire;
    this.proxies = options.proxies ?? new BlockList();
    this.#quotas = new Quotas(this.clock, this.limits);
    this.admission = options.admission ?? new Admission([], this.clock, this.log);
    this.#waiting = new FairPool(this.limits.pendingConnections);
    this.#leaving = new FairPool(this.limits.pendingConnections);
  }

  /** Registers a connection. When too many wait without a session, refuses the one that has waited longest of the address with the most. */
  arrive(visitor: Visitor): Visit {
    const { address, relayed = false } = visitor;
    const visit: Visit = {
      admitted: () => this.#waiting.delete(address, visit),
      left: (closeCode) => {
        if (!this.#visits.delete(visit)) return;
        if (this.#counted.delete(visit)) this.#count(address, -1);
        this.#waiting.delete(address, visit);
        this.#leaving.delete(address, visit);
        if (closeCode !== undefined) this.#closes[closeCode] = (this.#closes[closeCode] ?? 0) + 1;
        this.#settleIfEmpty();
      },
    };
    this.#visits.set(visit, visitor);
    if (!relayed) this.#counted.add(visit);
    const count = relayed ? 0 : this.#count(address, 1);
    if (this.#drained !== undefined) visitor.refuse('DRAINING');
    else if (count > this.limits.connectionsPerAddress) {
      this.#turnAway(visit, `${this.limits.connectionsPerAddress} connections of ${address} are open`);
    } else {
      const tooLong = this.#waiting.add(address, visit);
      if (tooLong) this.#turnAway(tooLong, 'too many connections wait without a session');
    }
    return visit;
  }

  /** Opens a session. Throws DRAINING, TOO_MANY, QUOTA_EXCEEDED, SESSION_UNKNOWN, or the error of a gate; later failures arrive as `ended`. */
  open(request: DoorRequest, listener: DoorListener): SessionHandle {
    const { host, language = 'en', voice, stalledMs = () => 0 } = this.#options;
    if (this.#drained !== undefined) throw new ParleyError('DRAINING');
    const waiting = this.#waitingFor(request);
    if (waiting) {
      waiting.resume(listener, request.resumes?.epoch);
      return new Seat(waiting, listener);
    }
    const continues = this.#continuedBy(request);
    if (request.relayed && !continues) throw new ParleyError('SESSION_UNKNOWN');
    const share = this.#refusal(request, continues) ?? this.#quotas.enter(request, continues);
    if (share instanceof ParleyError) throw this.counters.turnedAway(share);
    const beganMs = this.clock.nowMs();
    const spoken = {
      ...request,
      ...{ language: request.language ?? language, voice: request.voice ?? voice, continues },
    };
    const session = new DoorSession(spoken, listener, {
      clock: this.clock,
      host,
      resamplers: this.resamplers,
      limits: this.limits,
      admission: this.admission,
      stalledMs,
      share,
      counters: this.counters,
      log: this.log,
      onReleased: () => {
        this.admission.shares.delete(session.session);
        share.leave();
        if (!continues) this.admission.onEnded(this.clock.nowMs() - beganMs);
        this.#sessions.delete(session);
        this.#awaited.get(session)?.();
        this.#awaited.delete(session);
        this.#places -= 1;
        this.#settleIfEmpty();
      },
    });
    this.#sessions.set(session, request.caller.user);
    this.#places += 1;
    session.open();
    return new Seat(session, listener);
  }

  /** Throws what `open` would throw now for a new session, and admits no client. For protocols whose sessions begin with the handshake. */
  ask(request: Pick<DoorRequest, 'caller' | 'address'>): void {
    if (this.#drained !== undefined) throw new ParleyError('DRAINING');
    const refusal = this.#refusal(request, false, true) ?? this.#quotas.refusal(request);
    if (refusal) throw this.counters.turnedAway(refusal);
  }

  #refusal(payer: Payer, continues: boolean, asks = false): ParleyError | undefined {
    if (this.#places >= this.limits.sessions) return new ParleyError('TOO_MANY');
    // A session that is continued was admitted before.
    return continues ? undefined : this.admission.refusal('session', undefined, asks, namesOf(payer));
  }

  /** How to find the session that this client comes back to in other processes; undefined if there is none to find. */
  seek(request: DoorRequest): Seek | undefined {
    const { elsewhere } = this.#options;
    const { resumes, resumable } = request;
    if (!elsewhere || !resumes || !resumable) return undefined;
    if (this.#waitingFor(request) || this.#continuedBy(request)) return undefined;
    const wanted = { session: resumes.session, proof: proofOf(resumes.secret, request) };
    return (failed) => elsewhere.find({ ...wanted, failed });
  }

  /** The session that the client of this request may come back to. One that it has had at another server since ends. */
  #waitingFor({ resumes, ...request }: DoorRequest): DoorSession | undefined {
    const { session, secret = '', epoch: seen = 0 } = resumes ?? {};
    const fits = (one: DoorSession) => one.session === session && one.mayResume(secret, request);
    const found = [...this.#sessions.keys()].find(fits);
    if (!this.#options.elsewhere || (found?.resumption?.epoch ?? 0) >= seen) return found;
    found?.end('superseded', new ParleyError('EPOCH_SUPERSEDED'));
    return undefined;
  }

  /** Whether the host can continue the session that the client of this request comes back to. */
  #continuedBy({ resumes, ...request }: DoorRequest): boolean {
    if (!resumes || !request.resumable || this.limits.awayMs === 0) return false;
    return this.#options.host.waitsFor?.(resumes.session, proofOf(resumes.secret, request)) === true;
  }

  /** What a client that got this error may do. */
  adviceFor(code: ErrorCode): RetryAdvice {
    return retryAdvice(code, this.#options.otherServer);
  }

  /** The live session of this id, which only its client knows. */
  peer(session: string): SessionPeer | undefined {
    return [...this.#sessions.keys()].find((one) => one.session === session);
  }

  /** The live sessions of this process, with their users. */
  list(): readonly { readonly session: string; readonly user?: string }[] {
    return [...this.#sessions].map(([{ session }, user]) => ({
      session,
      ...(user !== undefined && { user }),
    }));
  }

  /** Ends the sessions of a user; resolves when they have ended completely. */
  async endSessionsOf(user: string): Promise<void> {
    const theirs = [...this.#sessions].flatMap(([session, owner]) => (owner === user ? [session] : []));
    const released = theirs.map((session) => new Promise<void>((go) => this.#awaited.set(session, go)));
    for (const session of theirs) session.end('lost', new ParleyError('USER_DELETED'));
    await Promise.all(released);
  }

  /** Warns every client of something that does not work at the moment. */
  warn(code: ErrorCode, detail: string): void {
    if (this.#drained !== undefined) return;
    for (const session of this.#sessions.keys()) session.warn(code, detail);
  }

  /** Refuses new sessions with DRAINING, notifies live ones, and closes them after the grace; with `atRest`, each that its client can come back to elsewhere as soon as it rests. Resolves when the last connection and session has closed. Idempotent. */
  drain(graceMs = this.limits.drainGraceMs, atRest = false): Promise<void> {
    this.#drained ??= this.#drain(graceMs, atRest);
    return this.#drained;
  }

  /** Closes all remaining connections at once. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get draining(): boolean {
    return this.#drained !== undefined;
  }

  stats(): DoorStats {
    return {
      ...this.counters,
      connections: this.#visits.size,
      sessions: this.#places,
      draining: this.draining,
      closes: { ...this.#closes },
    };
  }

  /** Asks it to close; if too many are closing already, closes the oldest at once. */
  #turnAway(visit: Visit, why: string): void {
    const visitor = this.#visits.get(visit);
    if (!visitor) return;
    // While closing it must not count against other connections of its address.
    if (this.#counted.delete(visit)) this.#count(visitor.address, -1);
    const gone = this.#leaving.add(visitor.address, visit);
    visitor.refuse('TOO_MANY', why);
    if (gone) this.#visits.get(gone)?.terminate();
  }

  /** Adds to the connections of an address and returns how many there are now. */
  #count(address: string, change: 1 | -1): number {
    const count = (this.#perAddress.get(address) ?? 0) + change;
    if (count === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, count);
    return count;
  }

  async #drain(graceMs: number, atRest: boolean): Promise<void> {
    for (const visit of this.#waiting.items()) this.#visits.get(visit)?.refuse('DRAINING');
    for (const session of this.#sessions.keys()) session.announceDrain(atRest);
    const grace = this.clock.setTimer(graceMs, () => this.#endAll());
    await this.#empty();
    grace.cancel();
  }

  async #close(): Promise<void> {
    this.#drained ??= Promise.resolve();
    this.#endAll();
    for (const visitor of this.#visits.values()) visitor.terminate();
    await this.#empty();
  }

  #endAll(): void {
    for (const session of this.#sessions.keys()) session.end('draining', new ParleyError('DRAINING'));
  }

  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      this.#settleIfEmpty();
    });
  }

  #settleIfEmpty(): void {
    if (this.#visits.size > 0 || this.#places > 0) return;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}
