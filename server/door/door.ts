import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { InputRate, OutputRate } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, ParleyError } from '../../machines/errors.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { Access } from './access.ts';
import { Admission } from './admission.ts';
import { DoorSession } from './door-session.ts';
import { FairPool } from './fair-pool.ts';
import { type DoorLimits, defaultDoorLimits } from './limits.ts';
import type { SessionHost } from './session-host.ts';
import { type DoorCounters, type DoorStats, newCounters } from './stats.ts';

/** Structured lines for the operator. A pino logger fits. */
export interface DoorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What an endpoint asks the door for. */
export interface DoorRequest {
  /** Name of the endpoint, for logs. */
  readonly endpoint: string;
  /** What the client presented in the way of its protocol. */
  readonly token?: string | undefined;
  /** The server's own if absent. */
  readonly language?: string | undefined;
  readonly voice?: string | undefined;
  /** Rate of the audio given to the handle, in Hz. */
  readonly inputRate: InputRate;
  /** Rate of the audio given to the listener, in Hz. */
  readonly outputRate: OutputRate;
}

export interface AudioFrame {
  readonly generation: number;
  /** Counts the frames of the generation from 0. */
  readonly seq: number;
  /** PCM16LE at the output rate. */
  readonly pcm: Uint8Array;
}

/** What an endpoint gets to know of its session, in this order: `opened`, then the rest, and `ended` last, once. */
export interface DoorListener {
  opened(): void;
  /** Fatal errors come as `ended` only. */
  message(message: SessionMessage): void;
  /** Never of a flushed generation. */
  audio(frame: AudioFrame): void;
  /** The server is about to stop; the session may go on for the drain grace. */
  draining(): void;
  /** Nothing comes after this. With an error if it is why; not called after `close('lost')`. */
  ended(error?: ErrorRecord): void;
}

/** A session in the hands of an endpoint. Commands and audio given before `opened` are kept for it, in order. */
export interface SessionHandle {
  readonly session: string;
  command(command: ClientCommand): void;
  /** Whole samples of PCM16LE at the input rate. */
  audio(pcm: Uint8Array): void;
  /** `bye`: the session's last messages still come, then `ended`. `lost`: the client has gone, and nothing comes. */
  close(reason: 'bye' | 'lost'): void;
}

/** A connection that may become a session. */
export interface Visitor {
  /** Network address of the client. */
  readonly address: string;
  /** Asks it to go, and says why. */
  refuse(code: ErrorCode, detail?: string): void;
  /** Drops it at once. */
  terminate(): void;
}

/** A visitor as the door knows it. */
export interface Visit {
  /** It has a session: it counts no more among those that wait. */
  admitted(): void;
  /** Its connection is gone, with this close code if its protocol has one. */
  left(closeCode?: number): void;
}

export interface DoorOptions {
  readonly clock: Clock;
  readonly host: SessionHost;
  readonly resamplers: ResamplerFactory;
  readonly access: Pick<Access, 'tokenAccepted'>;
  /** For a client that names none: `en`. */
  readonly language?: string | undefined;
  /** For a client that names none; else the engine's own. */
  readonly voice?: string | undefined;
  /** Asked before each session and typed turn; by default both may begin. */
  readonly admission?: Admission | undefined;
  /** Only those that differ from `defaultDoorLimits`. */
  readonly limits?: Partial<DoorLimits> | undefined;
  readonly log?: DoorLog | undefined;
}

const silent: DoorLog = { info: () => {}, warn: () => {} };

/** The way in for every endpoint: who may come, how many, and when they must go. It knows no protocol. */
export class Door {
  readonly clock: Clock;
  readonly limits: DoorLimits;
  readonly log: DoorLog;
  /** Endpoints add what only they can see. */
  readonly counters: DoorCounters = newCounters();
  readonly admission: Admission;
  readonly #options: DoorOptions;
  readonly #visits = new Map<Visit, Visitor>();
  readonly #perAddress = new Map<string, number>();
  /** Visits that count for their address. */
  readonly #counted = new Set<Visit>();
  /** Visitors without a session. */
  readonly #waiting: FairPool<Visit>;
  /** Visitors that were asked to make room and have not gone yet. */
  readonly #leaving: FairPool<Visit>;
  readonly #sessions = new Set<DoorSession>();
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
    this.admission = options.admission ?? new Admission([], this.clock, this.log);
    this.#waiting = new FairPool(this.limits.pendingConnections);
    this.#leaving = new FairPool(this.limits.pendingConnections);
  }

  /**
   * Takes note of a connection. When too many wait without a session, the one that has waited longest, of the address
   * that has most of them, is refused to make room.
   */
  arrive(visitor: Visitor): Visit {
    const { address } = visitor;
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
    this.#counted.add(visit);
    const count = this.#count(address, 1);
    if (this.#drained !== undefined) visitor.refuse('DRAINING');
    else if (count > this.limits.connectionsPerAddress) {
      this.#turnAway(visit, `${this.limits.connectionsPerAddress} connections of ${address} are open`);
    } else {
      const tooLong = this.#waiting.add(address, visit);
      if (tooLong) this.#turnAway(tooLong, 'too many connections wait without a session');
    }
    return visit;
  }

  /** Opens a session. Throws UNAUTHORISED, DRAINING, TOO_MANY, or what a gate says; what fails later comes as `ended`. */
  open(request: DoorRequest, listener: DoorListener): SessionHandle {
    const { access, host, resamplers, language = 'en', voice } = this.#options;
    if (!access.tokenAccepted(request.token)) throw new ParleyError('UNAUTHORISED');
    if (this.#drained !== undefined) throw new ParleyError('DRAINING');
    const refusal = this.admission.refusal('session');
    if (refusal) {
      this.counters.sessionsRefused += 1;
      throw refusal;
    }
    if (this.#places >= this.limits.sessions) throw new ParleyError('TOO_MANY');
    const spoken = { ...request, language: request.language ?? language, voice: request.voice ?? voice };
    const session = new DoorSession(spoken, listener, {
      clock: this.clock,
      host,
      resamplers,
      limits: this.limits,
      admission: this.admission,
      counters: this.counters,
      log: this.log,
      onReleased: () => {
        this.#sessions.delete(session);
        this.#places -= 1;
        this.#settleIfEmpty();
      },
    });
    this.#sessions.add(session);
    this.#places += 1;
    session.open();
    return session;
  }

  /** Warns every client of what does not work at the moment. */
  warn(code: ErrorCode, detail: string): void {
    if (this.#drained !== undefined) return;
    for (const session of this.#sessions) session.warn(code, detail);
  }

  /**
   * From now on new sessions are refused with DRAINING, live ones are notified, and closed after the grace. Resolves when
   * the last connection and session is gone. Idempotent.
   */
  drain(graceMs = this.limits.drainGraceMs): Promise<void> {
    this.#drained ??= this.#drain(graceMs);
    return this.#drained;
  }

  /** Drops what is left. Idempotent. */
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

  /** Its connection closes in its own time, unless too many are on their way out. */
  #turnAway(visit: Visit, why: string): void {
    const visitor = this.#visits.get(visit);
    if (!visitor) return;
    // On its way out it must not keep others of its address away.
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

  async #drain(graceMs: number): Promise<void> {
    for (const visit of this.#waiting.items()) this.#visits.get(visit)?.refuse('DRAINING');
    for (const session of this.#sessions) session.announceDrain();
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
    for (const session of this.#sessions) session.end('draining', new ParleyError('DRAINING'));
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
