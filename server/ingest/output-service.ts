import { WebSocket } from 'ws';
import { Backoff } from '../../actors/backoff.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { DoorLog } from '../door/door.ts';
import { type IngestMessage, parseIngest } from './wire.ts';

/** Time before the first reconnect, ms; doubled after each failure up to the maximum. */
const RECONNECT_MS = 250;
const MAX_RECONNECT_MS = 10_000;
const HANDSHAKE_MS = 5_000;
/** Interval of the pings; a service that has not answered one by the next is gone. */
const PING_MS = 15_000;
/** Given to the socket at once: what it holds cannot be taken back by a stop. */
const MAX_SOCKET_BYTES = 65_536;
/** Kept for a service that reads slowly: some 20 s of one voice. */
const MAX_WAITING_BYTES = 1_048_576;
/** Larger messages of the service are not of the protocol. */
const MAX_MESSAGE_BYTES = 4_096;

export interface OutputServiceOptions {
  readonly url: string;
  readonly token?: string | undefined;
  readonly clock: Clock;
  readonly log: DoorLog;
  /** A speech is not sent, or not to its end: the service reads too slowly (`slow`), or is not connected (`gone`). */
  readonly onLost?: ((why: 'slow' | 'gone') => void) | undefined;
}

/** A speech that goes to the service. */
export interface Voice {
  /** The service wants no more of the present speech. Called before the service gets its STOP_ACK. */
  onStop(): void;
  /** The service is too slow: the present speech is dropped. */
  onDropped(): void;
}

interface Waiting {
  readonly sessionId: string;
  readonly text: string;
}

/** The one connection to the output service. Nothing here blocks a session: what cannot be sent soon is dropped. */
export class OutputService {
  readonly #options: OutputServiceOptions;
  readonly #voices = new Map<string, Set<Voice>>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #socket: WebSocket | undefined;
  #timer: TimerHandle | undefined;
  readonly #backoff = new Backoff(RECONNECT_MS, MAX_RECONNECT_MS);
  #answered = true;
  #failureLogged = false;
  #closed = false;

  constructor(options: OutputServiceOptions) {
    this.#options = options;
    this.#connect();
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Lets the service stop the speech of this session. */
  add(sessionId: string, voice: Voice): void {
    const voices = this.#voices.get(sessionId) ?? new Set();
    this.#voices.set(sessionId, voices.add(voice));
  }

  remove(sessionId: string, voice: Voice): void {
    const voices = this.#voices.get(sessionId);
    voices?.delete(voice);
    if (voices?.size === 0) this.#voices.delete(sessionId);
  }

  send(message: IngestMessage): void {
    if (!this.isConnected) return;
    const { sessionId } = message;
    const text = JSON.stringify(message);
    this.#waiting.push({ sessionId, text });
    this.#waitingBytes += text.length;
    this.#flush();
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return;
    this.#drop(sessionId);
    this.lost('slow');
    for (const voice of this.#voices.get(sessionId) ?? []) voice.onDropped();
  }

  /** Counts a speech that is not sent to its end. */
  lost(why: 'slow' | 'gone'): void {
    this.#options.onLost?.(why);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#socket?.terminate();
  }

  #flush(): void {
    const socket = this.#socket;
    if (!socket || !this.isConnected) return;
    while (socket.bufferedAmount < MAX_SOCKET_BYTES) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#waitingBytes -= next.text.length;
      socket.send(next.text, { compress: false }, () => this.#flush());
    }
  }

  /** Takes back what of this session is not with the socket yet. */
  #drop(sessionId: string): void {
    const kept = this.#waiting.filter((one) => one.sessionId !== sessionId);
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    this.#waitingBytes = kept.reduce((sum, { text }) => sum + text.length, 0);
  }

  #connect(): void {
    const { url, token, log } = this.#options;
    const socket = new WebSocket(url, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      ...(token !== undefined && { headers: { Authorization: `Bearer ${token}` } }),
    });
    this.#socket = socket;
    socket.on('open', () => {
      log.info({ url }, 'the output service is connected');
      this.#backoff.reset();
      this.#failureLogged = false;
      this.#answered = true;
      this.#ping(socket);
    });
    socket.on('pong', () => {
      this.#answered = true;
    });
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.#receive(String(data));
    });
    socket.on('error', (error) => this.#logFailure(error.message));
    socket.on('close', (code) => {
      this.#logFailure(`closed with ${code}`);
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      this.#timer?.cancel();
      if (!this.#closed)
        this.#timer = this.#options.clock.setTimer(this.#backoff.nextMs(), () => this.#connect());
    });
  }

  /** Once an outage. */
  #logFailure(error: string): void {
    const { url, log } = this.#options;
    if (this.#failureLogged || this.#closed) return;
    this.#failureLogged = true;
    log.warn({ url, error }, 'the output service is not connected; speech is not sent there until it is');
  }

  #ping(socket: WebSocket): void {
    if (!this.#answered) {
      socket.terminate();
      return;
    }
    this.#answered = false;
    socket.ping();
    this.#timer = this.#options.clock.setTimer(PING_MS, () => this.#ping(socket));
  }

  #receive(text: string): void {
    const { message } = parseIngest(text);
    if (message?.type !== 'CONTROL' || message.action !== 'STOP') return;
    const { sessionId } = message;
    this.#drop(sessionId);
    for (const voice of [...(this.#voices.get(sessionId) ?? [])]) voice.onStop();
    this.send({ type: 'CONTROL', action: 'STOP_ACK', sessionId });
  }
}
