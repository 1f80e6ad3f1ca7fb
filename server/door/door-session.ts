import { randomUUID } from 'node:crypto';
import type { OutsideSpeech } from '../../actors/ports/outside-speech.ts';
import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { type ErrorCode, errorRecord, ParleyError } from '../../machines/errors.ts';
import { type PublicState, type SessionMessage, STOP_IN_FORCE_MS, WIRE_LIMITS } from '../../machines/wire.ts';
import type { Admission } from './admission.ts';
import type { DoorListener, DoorLog, DoorRequest, SessionHandle, SessionPeer } from './door.ts';
import type { DoorLimits } from './limits.ts';
import type { OpenSession, SessionCloseReason, SessionHost } from './session-host.ts';
import type { DoorCounters } from './stats.ts';
import { TokenBucket } from './token-bucket.ts';
import { Uplink } from './uplink.ts';

export interface DoorSessionContext {
  readonly clock: Clock;
  readonly host: SessionHost;
  readonly resamplers: ResamplerFactory;
  readonly limits: DoorLimits;
  readonly admission: Admission;
  readonly stalledMs: () => number;
  readonly counters: DoorCounters;
  readonly log: DoorLog;
  /** The session has ended completely. Called once. */
  readonly onReleased: () => void;
}

/** - `opening`: the host opens the session; messages in both directions are queued
 * - `open`
 * - `parting`: the client said bye; the session's last messages still reach it
 * - `closed`
 */
type Phase = 'opening' | 'open' | 'parting' | 'closed';

/** Commands that count as turns for the limit of turns. */
const STARTS_TURN: ReadonlySet<ClientCommand['type']> = new Set(['text', 'commit', 'respond']);

/** One session between its endpoint and its host. It queues both directions, in order, until the endpoint knows that the session is open. It is also the fence: it drops audio of flushed generations, and all audio between a stop and the session's answer to it. A failure here ends only this session.
 */
export class DoorSession implements SessionHandle, SessionPeer {
  readonly session = randomUUID();
  readonly #request: DoorRequest & { readonly language: string };
  readonly #listener: DoorListener;
  readonly #context: DoorSessionContext;
  readonly #uplink: Uplink;
  readonly #turns: TokenBucket;
  #phase: Phase = 'opening';
  #held: (() => void)[] | undefined = [];
  #opened: OpenSession | undefined;
  #closing: Promise<void> | undefined;
  #closeReason: SessionCloseReason = 'lost';
  #released = false;
  #audioRefused = false;
  readonly #watchers = new Set<Parameters<SessionPeer['watch']>[0]>();
  /** The newest flushed generation. */
  #fence = -1;
  /** The session's state as last reported. */
  #state: PublicState = 'idle';
  /** Arrival time of a stop that the session has not answered yet. */
  #haltedAtMs: number | undefined;
  /** Timer of the current phase: idle, then parting. */
  #timer: TimerHandle | undefined;
  #activeAtMs: number;

  constructor(
    request: DoorRequest & { readonly language: string },
    listener: DoorListener,
    context: DoorSessionContext,
  ) {
    const { clock, resamplers, limits, stalledMs } = context;
    this.#turns = new TokenBucket(clock, { burst: limits.turnBurst, perSecond: limits.turnsPerSecond });
    this.#request = request;
    this.#listener = listener;
    this.#context = context;
    this.#activeAtMs = clock.nowMs();
    const send = (pcm: Uint8Array, sample: number) => {
      if (this.#held) this.#held.push(() => this.#opened?.audio(pcm, sample));
      else this.#opened?.audio(pcm, sample);
    };
    const { inputRate, audioBurstMs } = request;
    this.#uplink = new Uplink({ inputRate, audioBurstMs, clock, resamplers, stalledMs, send });
  }

  /** Opens the session at the host. Called once; never throws. */
  open(): void {
    void this.#open();
  }

  command(command: ClientCommand): void {
    if (this.#phase === 'closed' || this.#phase === 'parting') return;
    this.#active();
    this.#guard(() => {
      const refusal = STARTS_TURN.has(command.type) ? this.#turnRefusal() : undefined;
      if (refusal) this.#refuseTurn(refusal);
      else this.#pass(() => this.#command(command));
    });
  }

  audio(pcm: Uint8Array): void {
    if (this.#phase === 'closed' || this.#phase === 'parting') return;
    this.#active();
    this.#guard(() => {
      if (this.#request.input === 'text') this.#refuseAudio();
      else if (this.#uplink.accept(pcm)) this.#context.counters.audioMessagesIn += 1;
      else this.end('lost', new ParleyError('TOO_FAST', this.#tooFast()));
    });
  }

  speak(speech: OutsideSpeech): boolean {
    this.#active();
    return this.#phase === 'open' && (this.#opened?.speak(speech) ?? false);
  }

  watch(watcher: (message: SessionMessage | undefined) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  heardAt(generation: number, samples: number): string | undefined {
    return this.#opened?.heardAt(generation, samples);
  }

  close(reason: 'bye' | 'lost'): void {
    if (reason === 'lost') this.#leave('lost');
    if (this.#phase === 'closed' || this.#phase === 'parting') return;
    this.command({ type: 'bye' });
    // The command may have ended the session.
    if (this.#is('closed')) return;
    const opened = this.#is('open');
    this.#phase = 'parting';
    if (opened) this.#part();
  }

  /** The server is about to stop. */
  announceDrain(): void {
    if (this.#phase === 'open') this.#guard(() => this.#listener.draining());
  }

  /** Warns the client of something that does not work at the moment; the session continues. */
  warn(code: ErrorCode, detail: string): void {
    const { message } = new ParleyError(code, detail);
    if (this.#phase === 'open') this.#message({ type: 'error', code, message, fatal: false });
  }

  /** Ends the session in any phase and notifies the endpoint. `error`: the reason, if it is an error. */
  end(reason: SessionCloseReason, error?: unknown): void {
    if (this.#phase === 'closed') return;
    this.#leave(reason);
    this.#listener.ended(error === undefined ? undefined : errorRecord(error, 'INTERNAL'));
  }

  async #open(): Promise<void> {
    const { clock, host, limits, counters } = this.#context;
    const { endpoint, alias, language, voice, outputRate, aheadMs, input, output } = this.#request;
    const { echo, results, attention, earReports, user } = this.#request;
    // Independent of the phase: a host that hangs must not keep the slot of a client that has left.
    const deadline = clock.setTimer(limits.openMs, () => {
      this.end('lost', new ParleyError('INTERNAL', 'the session did not open in time'));
      this.#release();
    });
    try {
      this.#opened = await host.open(
        {
          ...{ endpoint, alias, session: this.session, language, outputRate, aheadMs },
          ...(user !== undefined && { user }),
          ...(voice !== undefined && { voice }),
          ...(input !== undefined && { input }),
          ...(output !== undefined && { output }),
          ...(echo !== undefined && { echo }),
          ...(results && { results }),
          ...(attention && { attention }),
          ...(earReports && { earReports }),
        },
        {
          message: (message) => this.#pass(() => this.#message(message)),
          audio: (generation, seq, pcm) => {
            if (this.#held) this.#held.push(() => this.#audio(generation, seq, pcm));
            else this.#audio(generation, seq, pcm);
          },
          audioSent: (generation) => this.#pass(() => this.#audioSent(generation)),
        },
      );
    } catch (error) {
      this.#fail(error);
      this.#release();
      return;
    } finally {
      deadline.cancel();
    }
    // The client may have left, or sent bye, in the meantime.
    if (this.#is('closed')) {
      void this.#closeSession();
      return;
    }
    counters.sessionsOpened += 1;
    counters.openedAt[endpoint] = (counters.openedAt[endpoint] ?? 0) + 1;
    this.#guard(() => {
      this.#listener.opened();
      if (this.#is('opening')) {
        this.#phase = 'open';
        this.#watchIdle(limits.idleMs);
      }
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const pass of held) pass();
      if (this.#is('parting')) this.#part();
    });
  }

  #pass(action: () => void): void {
    if (this.#held) this.#held.push(action);
    else action();
  }

  #turnRefusal(): ParleyError | undefined {
    const { admission, limits } = this.#context;
    if (this.#turns.take(1)) return admission.refusal('turn');
    return new ParleyError('TOO_FAST', `more than ${limits.turnsPerSecond} turns a second`);
  }

  /** Only the first audio is answered: a client that streams sends many. */
  #refuseAudio(): void {
    if (this.#audioRefused) return;
    this.#audioRefused = true;
    const { code, message } = new ParleyError('AUDIO_NOT_TAKEN');
    this.#pass(() => this.#listener.message({ type: 'error', code, message, fatal: false }));
  }

  /** Reports to the client why this turn was ignored; the session continues. */
  #refuseTurn({ code, message }: ParleyError): void {
    this.#context.counters.turnsRefused += 1;
    this.#pass(() => this.#listener.message({ type: 'error', code, message, fatal: false }));
  }

  #command(command: ClientCommand): void {
    // A session that is already stopped reports no change: the stop is in force.
    if (command.type === 'halt' && !this.#stopping && !isAtRest(this.#state)) this.#expectStop();
    this.#opened?.command(command);
  }

  get #stopping(): boolean {
    return this.#haltedAtMs !== undefined;
  }

  /** Last resort: ends a session that does not stop, and notifies the client in time. */
  #expectStop(): void {
    const { clock, counters, log } = this.#context;
    const haltedAtMs = clock.nowMs();
    this.#haltedAtMs = haltedAtMs;
    clock.setTimer(STOP_IN_FORCE_MS, () => {
      if (this.#phase === 'closed' || this.#haltedAtMs !== haltedAtMs) return;
      counters.stopsFailed += 1;
      log.warn({ session: this.session }, 'a session did not stop in time; it is ended');
      this.end('lost', new ParleyError('STOP_FAILED'));
    });
  }

  #message(message: SessionMessage): void {
    if (this.#phase === 'closed') return;
    this.#active();
    this.#guard(() => {
      if (message.type === 'flush') this.#fence = Math.max(this.#fence, message.generation);
      const ended = message.type === 'state' && message.value === 'ended';
      if (message.type === 'state') this.#noteState(message.value);
      if (message.type === 'error' && message.fatal) {
        const { code, message: text } = message;
        this.#leave('lost');
        this.#listener.ended({ code, message: text });
        return;
      }
      this.#listener.message(message);
      for (const watcher of [...this.#watchers]) watcher(message);
      if (ended) this.end('bye');
    });
  }

  #noteState(state: PublicState): void {
    this.#state = state;
    if (this.#haltedAtMs === undefined || !isAtRest(state)) return;
    const { clock, counters } = this.#context;
    counters.stops += 1;
    counters.slowestStopMs = Math.max(counters.slowestStopMs, clock.nowMs() - this.#haltedAtMs);
    this.#haltedAtMs = undefined;
  }

  #audio(generation: number, seq: number, pcm: Uint8Array): void {
    if (this.#phase === 'closed') return;
    if (generation <= this.#fence || this.#stopping) {
      this.#context.counters.staleAudio += 1;
      return;
    }
    this.#active();
    try {
      this.#listener.audio({ generation, seq, pcm });
    } catch (error) {
      this.#fail(error);
    }
  }

  #tooFast(): string {
    const { audioBurstMs = WIRE_LIMITS.audioBurstMs } = this.#request;
    return `more than ${WIRE_LIMITS.audioRateFactor} times real time after a burst of ${audioBurstMs} ms`;
  }

  #audioSent(generation: number): void {
    if (this.#phase !== 'closed' && generation > this.#fence && !this.#stopping)
      this.#guard(() => this.#listener.audioSent?.(generation));
  }

  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }

  #active(): void {
    this.#activeAtMs = this.#context.clock.nowMs();
  }

  #watchIdle(delayMs: number): void {
    const { clock, limits } = this.#context;
    this.#timer = clock.setTimer(delayMs, () => {
      const remainingMs = this.#activeAtMs + limits.idleMs - clock.nowMs();
      if (remainingMs > 0) this.#watchIdle(remainingMs);
      else this.end('lost', new ParleyError('IDLE_TIMEOUT'));
    });
  }

  /** After bye: the session may send its last messages for a limited time. */
  #part(): void {
    const { clock, limits } = this.#context;
    const end = () => this.end('bye');
    this.#closeReason = 'bye';
    this.#timer?.cancel();
    this.#timer = clock.setTimer(limits.closeGraceMs, end);
    void this.#closeSession().then(end);
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { code, message } = errorRecord(error, 'INTERNAL');
    this.#context.log.warn({ session: this.session, code, error: message }, 'a session failed');
    this.end('lost', error);
  }

  /** Detaches the endpoint and closes the session. */
  #leave(reason: SessionCloseReason): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    if (this.#closeReason === 'lost') this.#closeReason = reason;
    this.#held = [];
    for (const watcher of [...this.#watchers]) watcher(undefined);
    this.#timer?.cancel();
    this.#uplink.close();
    void this.#closeSession();
  }

  /** Closes the session once and frees its slot when it has closed or the time limit is over. Never rejects. */
  #closeSession(): Promise<void> {
    const session = this.#opened;
    if (!session) return Promise.resolve();
    this.#closing ??= new Promise<void>((resolve) => {
      const { clock, limits, log } = this.#context;
      const timer = clock.setTimer(limits.openMs, () => {
        log.warn({ session: this.session }, 'a session did not close in time');
        resolve();
      });
      const settled = () => {
        timer.cancel();
        resolve();
      };
      Promise.resolve()
        .then(() => session.close(this.#closeReason))
        .then(settled, (error) => {
          log.warn(errorRecord(error, 'INTERNAL'), 'closing a session failed');
          settled();
        });
    }).then(() => this.#release());
    return this.#closing;
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#context.onReleased();
  }
}

function isAtRest(state: PublicState): boolean {
  return state === 'stopped' || state === 'ended';
}
