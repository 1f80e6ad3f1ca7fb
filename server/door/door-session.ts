import type { OutsideSpeech } from '../../actors/ports/outside-speech.ts';
import { type ClientCommand, STARTS_TURN } from '../../actors/session/client-command.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import { type ErrorCode, errorRecord, ParleyError } from '../../machines/errors.ts';
import type { EchoState, SessionMessage } from '../../machines/wire.ts';
import { closed } from './closing.ts';
import type { DoorListener, DoorRequest, SessionHandle } from './door.ts';
import type { DoorSessionContext } from './door-session-context.ts';
import { CONTINUE_MS, type Named, nameOf, openAtHost, type Wanted } from './opening.ts';
import { Rest } from './rest.ts';
import type { Resumption } from './resumption.ts';
import { Missed } from './seat.ts';
import type { OpenSession, SessionCloseReason } from './session-host.ts';
import type { SessionPeer } from './session-peer.ts';
import { StopWatch } from './stop-watch.ts';
import { TokenBucket } from './token-bucket.ts';
import { Uplink } from './uplink.ts';

/** `opening`: the host opens it; messages in both directions are queued. `parting`: the client said bye; the last messages still reach it. */
type Phase = 'opening' | 'open' | 'parting' | 'closed';

/** One session between its endpoint and its host. It queues both directions, in order, until the endpoint knows that the session is open. It is also the fence: it drops audio of flushed generations, and all audio between a stop and the session's answer to it. A failure here ends only this session. */
export class DoorSession implements SessionHandle, SessionPeer {
  readonly #request: Wanted;
  #named: Named;
  /** The client's connection, or what it misses while it is away. */
  #listener: DoorListener;
  readonly #stop: StopWatch;
  #drains = false;
  readonly #rest: Rest;
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
  /** Timer of the current phase: idle, then parting. */
  #timer: TimerHandle | undefined;
  #activeAtMs: number;

  constructor(request: Wanted, listener: DoorListener, context: DoorSessionContext) {
    const { clock, resamplers, limits, stalledMs } = context;
    this.#turns = new TokenBucket(clock, { burst: limits.turnBurst, perSecond: limits.turnsPerSecond });
    this.#request = request;
    this.#named = nameOf(request, limits.awayMs);
    this.#listener = listener;
    this.#context = context;
    this.#activeAtMs = clock.nowMs();
    this.#rest = new Rest(clock, () => this.end('draining', new ParleyError('DRAINING')));
    this.#stop = new StopWatch(clock, context.counters, () => this.#stopFailed());
    const send = (pcm: Uint8Array, sample: number) => this.#pass(() => this.#opened?.audio(pcm, sample));
    this.#uplink = new Uplink({ ...request, clock, resamplers, stalledMs, send, onOddPace: this.#onOddPace });
  }

  get session(): string {
    return this.#named.session;
  }

  get resumption(): Resumption | undefined {
    return this.#named.resumption;
  }

  /** Opens the session at the host. Called once; never throws. */
  readonly open = (): void => void this.#open();

  command(command: ClientCommand): void {
    if (this.#phase === 'closed' || this.#phase === 'parting') return;
    this.#active();
    this.#guard(() => {
      if (STARTS_TURN.has(command.type) && this.#refusesTurn()) return;
      this.#pass(() => this.#command(command));
    });
  }

  audio(pcm: Uint8Array): void {
    if (this.#phase === 'closed' || this.#phase === 'parting') return;
    this.#active();
    this.#guard(() => {
      if (this.#request.input === 'text') return this.#refuseAudio();
      const refusal = this.#uplink.accept(pcm);
      if (refusal) this.end('lost', refusal);
      else this.#context.counters.audioMessagesIn += 1;
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

  heardAt: SessionHandle['heardAt'] = (...at) => this.#opened?.heardAt(...at);
  setEcho = (echo: EchoState): void => this.#opened?.setEcho?.(echo);

  /** Whether this listener belongs to the client's present connection. */
  serves(listener: DoorListener): boolean {
    return this.#listener === listener;
  }

  /** Whether a client that knows this secret and wants this may have the session, or will have it when it has opened. */
  mayResume(secret: string, wanted: DoorRequest): boolean {
    const isThere = this.#phase === 'open' || (this.#phase === 'opening' && this.#request.continues);
    return isThere && this.resumption?.fits(secret, wanted) === true;
  }

  /** Gives the session to another connection of its client, and ends the previous one, if it is still there. `seen`: the newest epoch that the client knows. */
  resume(listener: DoorListener, seen = this.resumption?.epoch ?? 1): void {
    const before = this.#listener;
    const missed = before instanceof Missed ? before : this.#goAway();
    if (missed !== before) before.ended(errorRecord(new ParleyError('EPOCH_SUPERSEDED'), 'INTERNAL'));
    this.#listener = listener;
    if (this.#is('opening')) return;
    if (this.resumption) this.resumption.epoch = seen + 1;
    this.#held = [];
    // Not at once: the connection does not have its handle yet.
    queueMicrotask(() => {
      if (this.#phase === 'closed' || this.#listener !== listener) return;
      this.#timer?.cancel();
      this.#active();
      this.#watchIdle(this.#context.limits.idleMs);
      this.#guard(() => {
        listener.opened();
        missed.pass(listener);
        this.#opened?.present(true, this.resumption?.epoch);
        this.#passHeld();
      });
    });
  }

  /** The session rests until its client is back, or for a limited time. */
  #goAway(): Missed {
    const missed = new Missed();
    this.#listener = missed;
    if (this.#is('opening')) return missed;
    this.#awaitReturn();
    this.#guard(() => this.#opened?.present(false));
    return missed;
  }

  #awaitReturn(): void {
    const { clock, limits } = this.#context;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(limits.awayMs, () => this.#leave('lost'));
  }

  close(reason: 'bye' | 'lost'): void {
    if (reason === 'lost') {
      if (this.#request.continues && this.#is('opening')) this.#goAway();
      else if (this.resumption && this.#is('open') && !this.#drains) this.#goAway();
      else this.#leave(this.#drains ? 'draining' : 'lost');
      return;
    }
    if (this.#phase === 'closed' || this.#phase === 'parting') return;
    this.command({ type: 'bye' });
    // The command may have ended the session.
    if (this.#is('closed')) return;
    const opened = this.#is('open');
    this.#phase = 'parting';
    if (opened) this.#part();
  }

  /** The server is about to stop. `atRest`: the session is left for another process when it rests, if it can be. */
  announceDrain(atRest: boolean): void {
    this.#drains = true;
    if (atRest && this.resumption) this.#rest.leave(this.#listener instanceof Missed);
    else if (this.#phase === 'open') this.#guard(() => this.#listener.draining());
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
    const { clock, host, limits, counters, admission, share } = this.#context;
    // In any phase: a host that hangs must not keep the slot. What it continues is left for the next attempt.
    const openMs = this.#request.continues ? CONTINUE_MS : limits.openMs;
    const deadline = clock.setTimer(openMs, () => {
      this.end(this.#request.continues ? 'draining' : 'lost', new ParleyError('INTERNAL', 'too late'));
      this.#release();
    });
    let isBack = false;
    try {
      const asked = { named: this.#named, wanted: this.#request, awayMs: limits.awayMs };
      const { opened, named, continued } = await openAtHost(host, asked, {
        message: (message) => this.#pass(() => this.#message(message)),
        audio: (generation, seq, pcm) => this.#pass(() => this.#audio(generation, seq, pcm)),
        audioSent: (generation) => this.#pass(() => this.#audioSent(generation)),
      });
      this.#opened = opened;
      this.#named = named;
      isBack = continued;
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
    admission.shares.set(this.session, share);
    counters.opened(this.#request.endpoint);
    this.#guard(() => {
      this.#listener.opened();
      if (this.#is('opening')) {
        this.#phase = 'open';
        if (this.#listener instanceof Missed) this.#awaitReturn();
        else {
          this.#watchIdle(limits.idleMs);
          if (isBack) this.#opened?.present(true, this.resumption?.epoch);
        }
      }
      this.#passHeld();
      if (this.#is('parting')) this.#part();
    });
  }

  #passHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }

  #pass(action: () => void): void {
    if (this.#held) this.#held.push(action);
    else action();
  }

  /** Whether a typed turn is ignored; the client learns why, and the session continues. */
  #refusesTurn(): boolean {
    const { admission, limits, counters } = this.#context;
    const refusal = this.#turns.take(1)
      ? admission.refusal('turn', this.session)
      : new ParleyError('TOO_FAST', `more than ${limits.turnsPerSecond} turns a second; send it again later`);
    if (!refusal) return false;
    counters.turnsRefused += 1;
    this.#complain(refusal);
    return true;
  }

  readonly #onOddPace = (what: string): void => {
    const { code, message } = new ParleyError('AUDIO_PACE', what);
    this.#context.log.warn({ session: this.session, code, endpoint: this.#request.endpoint }, message);
    this.#pass(() => this.#listener.message({ type: 'notice', code, message }));
  };

  /** Only the first audio is answered: a client that streams sends many. */
  #refuseAudio(): void {
    if (!this.#audioRefused) this.#complain(new ParleyError('AUDIO_NOT_TAKEN'));
    this.#audioRefused = true;
  }

  #complain({ code, message, retryAfterMs }: ParleyError): void {
    const advice = retryAfterMs === undefined ? {} : { retryAfterMs };
    this.#pass(() => this.#listener.message({ type: 'error', code, message, fatal: false, ...advice }));
  }

  #command(command: ClientCommand): void {
    if (command.type === 'halt') this.#stop.halted();
    this.#opened?.command(command);
  }

  #stopFailed(): void {
    if (this.#phase === 'closed') return;
    const { counters, log } = this.#context;
    counters.stopsFailed += 1;
    log.warn({ session: this.session }, 'a session did not stop in time; it is ended');
    this.end('lost', new ParleyError('STOP_FAILED'));
  }

  #message(message: SessionMessage): void {
    if (this.#phase === 'closed') return;
    this.#active();
    this.#guard(() => {
      if (message.type === 'flush') this.#fence = Math.max(this.#fence, message.generation);
      if (message.type === 'state') this.#stop.note(message.value);
      if (message.type === 'error' && message.fatal) {
        this.#leave('lost');
        this.#listener.ended(message);
        return;
      }
      this.#listener.message(message);
      for (const watcher of [...this.#watchers]) watcher(message);
      this.#rest.note(message);
      if (message.type === 'state' && message.value === 'ended') this.end('bye');
    });
  }

  #audio(generation: number, seq: number, pcm: Uint8Array): void {
    if (this.#phase === 'closed') return;
    if (generation <= this.#fence || this.#stop.stopping) {
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

  #audioSent(generation: number): void {
    if (this.#phase !== 'closed' && generation > this.#fence && !this.#stop.stopping)
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
    const opened = this.#opened;
    if (!opened) return Promise.resolve();
    const named = { session: this.session, opened };
    this.#closing ??= closed(named, this.#closeReason, this.#context.limits.openMs, this.#context).then(() =>
      this.#release(),
    );
    return this.#closing;
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#context.onReleased();
  }
}
