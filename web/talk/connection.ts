import { OUTPUT_RATES, PIPELINE_RATE } from '../../machines/audio.ts';
import {
  AUDIO_HEADER_BYTES,
  type AudioHeader,
  type ClientMessage,
  decodeAudio,
  type HelloMessage,
  type ReadyMessage,
  SUBPROTOCOL,
} from '../../machines/wire.ts';
import { closeAdvice, retryDelayMs } from './closes.ts';
import { type Heard, parseServerMessage } from './messages.ts';

export type Link = 'offline' | 'connecting' | 'connected' | 'waiting';

export interface ConnectionEvents {
  /** `words` say why, for the user; empty where the link's name says it all. `waiting` is tried again in `retryInMs`. */
  onLink(link: Link, words: string, retryInMs?: number): void;
  onMessage(message: Heard): void;
  /** `message` is the whole binary message; the samples begin behind the header. */
  onAudio(header: AudioHeader, message: ArrayBuffer): void;
  onSent(message: ClientMessage): void;
}

/** No `ready` within this time after connecting counts as a lost connection. */
const READY_WITHIN_MS = 10_000;
/** Microphone audio is dropped while this much waits to be sent: one second. Late audio is useless. */
const UNSENT_AUDIO_BYTES = PIPELINE_RATE * Int16Array.BYTES_PER_ELEMENT;

/** The WebSocket to the server: sends hello, reconnects after a loss with growing pauses, and stops after final close codes. */
export class Connection {
  readonly #url: string;
  readonly #events: ConnectionEvents;
  #socket: WebSocket | undefined;
  #link: Link = 'offline';
  #token = '';
  #attempt = 0;
  #timer: number | undefined;
  #session: { id: string; epoch: number; lastSeq?: number } | undefined;
  #stopOwed = false;
  #droppedInput = 0;

  constructor(url: string, events: ConnectionEvents) {
    this.#url = url;
    this.#events = events;
  }

  get link(): Link {
    return this.#link;
  }

  get session(): string | undefined {
    return this.#session?.id;
  }

  /** Microphone messages dropped because the network was too slow. */
  get droppedInput(): number {
    return this.#droppedInput;
  }

  /** Begins a new session. An empty token is not sent. */
  connect(token: string): void {
    this.#drop();
    this.#token = token;
    this.#session = undefined;
    this.#attempt = 0;
    this.#stopOwed = false;
    this.#open();
  }

  /** Ends the session for good. */
  disconnect(): void {
    this.send({ type: 'bye' });
    this.#drop();
    this.#session = undefined;
    this.#stopOwed = false;
    this.#setLink('offline', '');
  }

  /** Ends the wait for the next attempt. */
  retryNow(): void {
    if (this.#link !== 'waiting') return;
    window.clearTimeout(this.#timer);
    this.#open();
  }

  /** Returns false without a session. */
  send(message: ClientMessage): boolean {
    if (this.#link !== 'connected') return false;
    this.#write(message);
    return true;
  }

  /** Sends the voice stop now or, while the connection is lost, as the first message after the reconnection. False if offline. */
  stop(): boolean {
    if (this.#link === 'offline') return false;
    if (!this.send({ type: 'halt' })) this.#stopOwed = true;
    return true;
  }

  sendAudio(pcm: ArrayBuffer): void {
    if (this.#link !== 'connected' || !this.#socket) return;
    if (this.#socket.bufferedAmount > UNSENT_AUDIO_BYTES) this.#droppedInput++;
    else this.#socket.send(pcm);
  }

  #open(): void {
    this.#setLink('connecting', '');
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#timer = window.setTimeout(() => this.#lost(0), READY_WITHIN_MS);
    const ifCurrent =
      <E extends Event>(handle: (event: E) => void) =>
      (event: E) => {
        if (this.#socket === socket) handle(event);
      };
    socket.addEventListener(
      'open',
      ifCurrent(() => this.#write(this.#hello())),
    );
    socket.addEventListener(
      'message',
      ifCurrent((event: MessageEvent<string | ArrayBuffer>) => this.#receive(event.data)),
    );
    socket.addEventListener(
      'close',
      ifCurrent((event: CloseEvent) => this.#lost(event.code)),
    );
  }

  #hello(): HelloMessage {
    return {
      type: 'hello',
      ...(this.#token ? { token: this.#token } : {}),
      ...(this.#session ? { session: this.#session.id, epoch: this.#session.epoch } : {}),
      ...(this.#session?.lastSeq === undefined ? {} : { lastSeq: this.#session.lastSeq }),
      audio: { inputRate: PIPELINE_RATE, outputRate: OUTPUT_RATES[1] },
    };
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      const audio = decodeAudio(new Uint8Array(data));
      if (audio && (data.byteLength - AUDIO_HEADER_BYTES) % 2 === 0) this.#events.onAudio(audio, data);
      return;
    }
    const message = parseServerMessage(data);
    if (!message) return;
    if (message.type === 'ready') this.#ready(message);
    if (message.type === 'state' && this.#session) this.#session.lastSeq = message.seq;
    if (message.type === 'error' && message.code === 'SESSION_UNKNOWN') this.#session = undefined;
    this.#events.onMessage(message);
  }

  #ready(message: ReadyMessage): void {
    window.clearTimeout(this.#timer);
    this.#attempt = 0;
    const lastSeq = message.resumed ? this.#session?.lastSeq : undefined;
    this.#session = {
      id: message.session,
      epoch: message.epoch,
      ...(lastSeq === undefined ? {} : { lastSeq }),
    };
    this.#setLink('connected', '');
    if (this.#stopOwed) this.send({ type: 'halt' });
    this.#stopOwed = false;
  }

  #lost(code: number): void {
    this.#drop();
    const { words, retry } = closeAdvice(code);
    if (!retry) {
      this.#session = undefined;
      this.#stopOwed = false;
      this.#setLink('offline', words);
      return;
    }
    const delayMs = retryDelayMs(this.#attempt++, Math.random());
    this.#timer = window.setTimeout(() => this.#open(), delayMs);
    this.#setLink('waiting', words, delayMs);
  }

  #drop(): void {
    window.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  #write(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
    this.#events.onSent(message);
  }

  #setLink(link: Link, words: string, retryInMs?: number): void {
    this.#link = link;
    this.#events.onLink(link, words, retryInMs);
  }
}
