import type { Duplex } from 'node:stream';
import type { Bus } from '../../actors/ports/bus.ts';
import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { type ErrorCode, errorRecord, ParleyError } from '../../machines/errors.ts';
import { type HelloMessage, STOP_IN_FORCE_MS, WIRE_LIMITS } from '../../machines/wire.ts';
import { parseCommand, parseHello } from './client-messages.ts';
import { closeCodeOf, NORMAL_CLOSURE } from './close-codes.ts';
import { Downlink } from './downlink.ts';
import type { GatewayLimits } from './limits.ts';
import type { OpenSession, SessionCloseReason, SessionHost, SessionRequest } from './session-host.ts';
import { SessionLink } from './session-link.ts';
import type { GatewayCounters } from './stats.ts';
import { TokenBucket } from './token-bucket.ts';
import { Uplink } from './uplink.ts';
import type { GatewaySocket } from './ws-socket.ts';

/** Rate of the reply's audio when hello does not say, in Hz. */
const DEFAULT_OUTPUT_RATE = 24_000;
/** Sessions are not resumed in this version of Parley, so each has one epoch. */
const FIRST_EPOCH = 1;

/** Structured lines for the operator. A pino logger fits. */
export interface GatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What all connections of a gateway share. */
export interface ConnectionContext {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly host: SessionHost;
  readonly resamplers: ResamplerFactory;
  readonly limits: GatewayLimits;
  readonly language: string;
  readonly voice: string | undefined;
  readonly counters: GatewayCounters;
  readonly log: GatewayLog;
  readonly tokenAccepted: (token: string | undefined) => boolean;
  readonly newSessionId: () => string;
}

/** What a connection asks of its gateway. */
export interface ConnectionOwner {
  /** Takes a place for a session; false if there is none. */
  admit(): boolean;
  /** Gives the place back: nothing of the session runs any more. */
  release(): void;
  /** The socket is gone, with this close code. */
  onClosed(code: number): void;
}

/**
 * - `greeting`: waits for hello
 * - `opening`: the session is being opened; what the client sends is held for it
 * - `open`
 * - `parting`: the client said bye; the session's last words still reach it
 * - `closed`
 */
type Phase = 'greeting' | 'opening' | 'open' | 'parting' | 'closed';

/** One WebSocket and, from hello on, its session. Whatever happens here ends here. */
export class Connection {
  readonly #socket: GatewaySocket;
  readonly #context: ConnectionContext;
  readonly #owner: ConnectionOwner;
  readonly #downlink: Downlink;
  readonly #messages: TokenBucket;
  #phase: Phase = 'greeting';
  #session: OpenSession | undefined;
  #sessionClosing: Promise<void> | undefined;
  #closeReason: SessionCloseReason = 'lost';
  #placeReleased = false;
  #link: SessionLink | undefined;
  #uplink: Uplink | undefined;
  /** Of the present phase: hello, idle, parting, and last the closing handshake. */
  #timer: TimerHandle;
  #activeAtMs: number;
  /** The code that we closed with, if we did. */
  #closeCode: number | undefined;

  /** `wire` is what `socket` writes to. */
  constructor(socket: GatewaySocket, wire: Duplex, context: ConnectionContext, owner: ConnectionOwner) {
    const { clock, limits } = context;
    this.#socket = socket;
    this.#context = context;
    this.#owner = owner;
    this.#activeAtMs = clock.nowMs();
    this.#messages = new TokenBucket(clock, {
      burst: limits.messageBurst,
      perSecond: limits.messagesPerSecond,
    });
    this.#downlink = new Downlink(socket, wire, clock, limits, (detail) => this.fail('SLOW_READER', detail));
    this.#timer = clock.setTimer(WIRE_LIMITS.helloMs, () => this.fail('HELLO_TIMEOUT'));
    socket.onUnreadable = (oversize) => {
      if (oversize) this.fail('TOO_LARGE');
      else this.fail('BAD_MESSAGE', 'the frame is not as RFC 6455 wants it');
    };
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => this.#countMessage());
    socket.on('pong', (data) => {
      if (!this.#downlink.acceptPong(data)) this.#countMessage();
    });
    socket.on('error', (error) => context.log.info({ error: error.message }, 'websocket error'));
    socket.on('close', (code) => this.#onSocketClosed(code));
  }

  /** Tells the client that the server is about to go; refuses it at once if it has no session yet. */
  announceDrain(): void {
    if (this.#phase === 'greeting') this.fail('DRAINING');
    else if (this.#phase === 'open') this.#complain('DRAINING', undefined);
  }

  /** Tells the client why, and closes. `detail` is added to the catalogue's message. */
  fail(code: ErrorCode, detail?: string): void {
    this.#failWith(code, new ParleyError(code, detail).message);
  }

  /** Drops the socket without waiting for the other side. */
  terminate(): void {
    this.fail('DRAINING');
    this.#socket.terminate();
  }

  #failWith(code: ErrorCode, message: string): void {
    if (this.#phase === 'closed') return;
    this.#downlink.sendMessage({ type: 'error', code, message, fatal: true });
    this.#close(closeCodeOf(code), code, code === 'DRAINING' ? 'draining' : 'lost');
  }

  /** As `#guard`, without a closure for each message. */
  #receive(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    try {
      this.#onMessage(data, isBinary);
    } catch (error) {
      this.#failOf(error);
    }
  }

  /** A handler that throws (the bus is gone, a resampler fails) ends this connection and no other. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failOf(error);
    }
  }

  #failOf(error: unknown): void {
    const record = errorRecord(error, 'INTERNAL');
    this.#context.log.warn({ code: record.code, error: record.message }, 'a connection failed');
    this.#failWith(record.code, record.message);
  }

  #onMessage(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    if (this.#phase === 'closed' || this.#phase === 'parting' || !Buffer.isBuffer(data)) return;
    this.#activeAtMs = this.#context.clock.nowMs();
    if (isBinary) this.#onAudio(data);
    else if (this.#countMessage()) {
      const text = data.toString();
      if (this.#phase === 'greeting') this.#onHello(text);
      else this.#onCommand(text);
    }
  }

  /** False, and the connection is closed, if there are too many. */
  #countMessage(): boolean {
    if (this.#phase === 'closed') return false;
    this.#context.counters.messagesIn += 1;
    if (this.#messages.take(1)) return true;
    this.#failWith(
      'TOO_FAST',
      `messages come too fast: more than ${this.#context.limits.messagesPerSecond} a second`,
    );
    return false;
  }

  #onAudio(bytes: Uint8Array): void {
    if (!this.#uplink) {
      this.fail('AUDIO_BEFORE_HELLO');
      return;
    }
    const refusal = this.#uplink.accept(bytes);
    if (!refusal) this.#context.counters.audioMessagesIn += 1;
    else if (refusal.code !== 'BAD_FIELD') this.fail(refusal.code, refusal.detail);
    else if (this.#countMessage()) this.#complain(refusal.code, refusal.detail);
  }

  #onCommand(text: string): void {
    const parsed = parseCommand(text);
    if (!parsed.ok) {
      const { code, detail } = parsed.failure;
      if (code === 'BAD_MESSAGE') this.fail(code, detail);
      else this.#complain(code, detail);
      return;
    }
    this.#link?.sendCommand(parsed.message);
    if (parsed.message.type === 'estop') this.#expectStop();
    if (parsed.message.type === 'bye') this.#part();
  }

  /** The last resort: a session that does not obey is ended, and the client is told so in time. */
  #expectStop(): void {
    const { clock, counters, log } = this.#context;
    if (this.#phase !== 'open' || !this.#link?.stopping) return;
    clock.setTimer(STOP_IN_FORCE_MS, () => {
      if (this.#phase === 'closed' || !this.#link?.stopping) return;
      counters.stopsFailed += 1;
      log.warn({}, 'a session did not stop in time; it is ended');
      this.fail('STOP_FAILED');
    });
  }

  #complain(code: ErrorCode, detail: string | undefined): void {
    const { message } = new ParleyError(code, detail);
    this.#downlink.sendMessage({ type: 'error', code, message, fatal: false });
  }

  #onHello(text: string): void {
    const parsed = parseHello(text);
    if (!parsed.ok) this.fail(parsed.failure.code, parsed.failure.detail);
    else if (!this.#context.tokenAccepted(parsed.message.token)) this.fail('UNAUTHORISED');
    else if (!this.#owner.admit()) this.fail('TOO_MANY');
    else void this.#open(parsed.message);
  }

  /** Takes the place that `admit` gave, and sees that it is given back. Never rejects. */
  async #open(hello: HelloMessage): Promise<void> {
    const { clock, host, limits, resamplers, language, voice, newSessionId } = this.#context;
    const session = newSessionId();
    const audio = {
      inputRate: hello.audio?.inputRate ?? PIPELINE_RATE,
      outputRate: hello.audio?.outputRate ?? DEFAULT_OUTPUT_RATE,
    };
    this.#phase = 'opening';
    this.#timer.cancel();
    // Not of the phase: a host that hangs must not keep the place of a client that has gone.
    const deadline = clock.setTimer(limits.openMs, () => {
      this.fail('INTERNAL', 'the session did not open in time');
      this.#releasePlace();
    });
    try {
      const link = this.#newLink();
      this.#link = link;
      this.#downlink.setOutputRate(audio.outputRate);
      const publish = (pcm: Uint8Array, sample: number) => link.sendAudio(pcm, sample);
      this.#uplink = new Uplink({ inputRate: audio.inputRate, clock, resamplers, publish });
      const request = { session, language: hello.language ?? language, outputRate: audio.outputRate };
      this.#session = await host.open(withVoice(request, hello.voice ?? voice), link);
    } catch (error) {
      this.#failOf(error);
      this.#releasePlace();
      return;
    } finally {
      deadline.cancel();
    }
    const opened = this.#session;
    // The client may have gone, or said bye, in the meantime.
    if (this.#is('closed')) {
      void this.#closeSession();
      return;
    }
    this.#context.counters.sessionsOpened += 1;
    this.#guard(() => {
      this.#downlink.sendMessage({ type: 'ready', session, epoch: FIRST_EPOCH, resumed: false, audio });
      if (this.#is('opening')) this.#enterOpen();
      this.#link?.release(opened);
      if (this.#is('parting')) this.#sayGoodbye();
    });
  }

  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }

  #enterOpen(): void {
    this.#phase = 'open';
    this.#timer.cancel();
    this.#watchIdle(this.#context.limits.idleMs);
  }

  #watchIdle(delayMs: number): void {
    const { clock, limits } = this.#context;
    this.#timer = clock.setTimer(delayMs, () => {
      const leftMs = this.#activeAtMs + limits.idleMs - clock.nowMs();
      if (leftMs > 0) this.#watchIdle(leftMs);
      else this.fail('IDLE_TIMEOUT');
    });
  }

  #newLink(): SessionLink {
    const { counters, clock } = this.#context;
    return new SessionLink({
      onMessage: (message) => {
        this.#activeAtMs = clock.nowMs();
        counters.messagesOut += 1;
        this.#downlink.sendMessage(message);
      },
      onAudio: (bytes) => {
        this.#activeAtMs = clock.nowMs();
        counters.audioMessagesOut += 1;
        this.#downlink.sendBinary(bytes);
      },
      onStale: () => {
        counters.staleAudio += 1;
      },
      onEnded: (error) => {
        if (error) this.#close(closeCodeOf(error), error, 'lost');
        else this.#close(NORMAL_CLOSURE, 'the session has ended', 'bye');
      },
    });
  }

  /** After bye: the session may say its last words, for a while. */
  #part(): void {
    const opened = this.#phase === 'open';
    this.#phase = 'parting';
    if (opened) this.#sayGoodbye();
  }

  #sayGoodbye(): void {
    if (this.#phase === 'closed') return;
    const { clock, limits } = this.#context;
    const close = () => this.#close(NORMAL_CLOSURE, 'bye', 'bye');
    this.#closeReason = 'bye';
    this.#timer.cancel();
    this.#timer = clock.setTimer(limits.closeGraceMs, close);
    void this.#closeSession().then(close, close);
  }

  /** Says goodbye, lets go of everything; the socket's own close comes later. */
  #close(code: number, reason: string, sessionReason: SessionCloseReason): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#closeCode = code;
    if (this.#closeReason === 'lost') this.#closeReason = sessionReason;
    this.#downlink.close();
    this.#link?.close();
    this.#uplink?.close();
    void this.#closeSession();
    this.#timer.cancel();
    this.#timer = this.#context.clock.setTimer(this.#context.limits.closeGraceMs, () =>
      this.#socket.terminate(),
    );
    this.#socket.close(code, reason);
  }

  /** Closes the session once and gives its place back when it is closed, or has hung for too long. Never rejects. */
  #closeSession(): Promise<void> {
    const session = this.#session;
    if (!session) return Promise.resolve();
    this.#sessionClosing ??= new Promise<void>((resolve) => {
      const { clock, limits, log } = this.#context;
      const timer = clock.setTimer(limits.openMs, () => {
        log.warn({}, 'a session did not close in time');
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
    }).then(() => this.#releasePlace());
    return this.#sessionClosing;
  }

  #releasePlace(): void {
    if (this.#placeReleased) return;
    this.#placeReleased = true;
    this.#owner.release();
  }

  #onSocketClosed(code: number): void {
    this.#close(code, '', 'lost');
    this.#timer.cancel();
    this.#owner.onClosed(this.#closeCode ?? code);
  }
}

// An absent voice is absent, not undefined.
function withVoice(request: SessionRequest, voice: string | undefined): SessionRequest {
  return voice === undefined ? request : { ...request, voice };
}
