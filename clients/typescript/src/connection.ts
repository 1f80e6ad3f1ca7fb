import {
  AUDIO_HEADER_BYTES,
  type AudioHeader,
  decodeAudio,
  decodeOpusAudio,
  type OpusFrame,
} from '../../../machines/audio-message.ts';
import {
  type ClientMessage,
  type HelloMessage,
  type ReadyMessage,
  SUBPROTOCOL,
} from '../../../machines/wire.ts';
import type { Clock } from './clock.ts';
import { closeAdvice, movedTo, retryDelayMs } from './closes.ts';
import { type Heard, parseServerMessage } from './messages.ts';

/** `waiting`: lost, and tried again soon. */
export type Link = 'offline' | 'connecting' | 'connected' | 'waiting';

export interface LinkChange {
  readonly link: Link;
  /** Why, for people; empty where the link's name says it all. */
  readonly words: string;
  /** The WebSocket's close code, if the server or the network ended it. */
  readonly closeCode?: number;
  /** The fatal error that the server sent before it closed. */
  readonly error?: Extract<Heard, { type: 'error' }>;
  /** Present with `waiting`. */
  readonly retryInMs?: number;
}

/** The part of a WebSocket that is needed: the browser's, Node's and that of `ws` have it. */
export interface Socket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | ArrayBuffer): void;
  close(code: number): void;
}

export interface ConnectionOptions {
  /** Of the session endpoint, `ws:` or `wss:`. */
  readonly url: string;
  readonly clock: Clock;
  readonly reconnect: boolean;
  /** A session to go on with. */
  readonly session?: { readonly id: string; readonly secret: string } | undefined;
  open(url: string, subprotocol: string): Socket;
  /** The first message, apart from what resumes a session. */
  hello(): HelloMessage;
  onLink(change: LinkChange): void;
  onMessage(message: Heard): void;
  /** `message` is the whole binary message; the samples begin behind the header. */
  onAudio(header: AudioHeader, message: ArrayBuffer): void;
  /** With Opus, in place of `onAudio`. */
  onPacket(frame: OpusFrame): void;
  onSent(message: ClientMessage): void;
}

/** No `ready` within this time after connecting counts as a lost connection. */
const READY_WITHIN_MS = 10_000;
/** Audio is dropped while more than this waits to be sent. Late audio is useless. */
const UNSENT_AUDIO_MS = 1_000;
/** `readyState` of a WebSocket that sends. One that has received the server's close frame drops what it is given. */
const OPEN = 1;
/** One second of Opus, with the heads of its messages. */
const OPUS_BYTES_PER_S = 5_000;

/** The WebSocket to the server: sends hello, reconnects after a loss with growing pauses, and stops after final close codes. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  #link: Link = 'offline';
  #attempt = 0;
  #timer: { cancel(): void } | undefined;
  #session: { id: string; epoch?: number; secret?: string; lastSeq?: number } | undefined;
  #unsentBytes = 0;
  /** A stop that the server has not confirmed: pressed and not yet answered, or in force in a session that was lost. */
  #stopOwed = false;
  #stopped = false;
  #fatal: LinkChange['error'];
  #droppedAudio = 0;
  /** Where the next attempt goes: a server that refuses may name another. */
  #url: string;
  #wasReady = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#url = options.url;
  }

  get link(): Link {
    return this.#link;
  }

  get session(): string | undefined {
    return this.#session?.id;
  }

  get secret(): string | undefined {
    return this.#session?.secret;
  }

  /** Audio messages dropped because the network was too slow. */
  get droppedAudio(): number {
    return this.#droppedAudio;
  }

  /** The link is `connecting` from now on; `connect` opens it. */
  prepare(): void {
    this.#attempt = 0;
    this.#session = this.#options.session;
    this.#setLink('connecting', '');
  }

  /** Begins a session, or goes on with the one that was given. */
  connect(): void {
    this.#open();
  }

  /** Ends the session for good. */
  disconnect(): void {
    if (this.#link === 'offline') return;
    this.send({ type: 'bye' });
    this.#end('', {});
  }

  /** Ends the connection; the session waits for another one. */
  leave(): void {
    if (this.#link !== 'offline') this.#end('', {});
  }

  /** Ends the wait for the next attempt. */
  retryNow(): void {
    if (this.#link !== 'waiting') return;
    this.#timer?.cancel();
    this.#open();
  }

  /** Returns false without a session. */
  send(message: ClientMessage): boolean {
    if (this.#link !== 'connected' || this.#socket?.readyState !== OPEN) return false;
    this.#write(message);
    return true;
  }

  /** Sends the voice stop now and, until the server confirms it, as the first message of each next connection. False if offline. */
  halt(): boolean {
    if (this.#link === 'offline') return false;
    this.#stopOwed = !this.#stopped;
    this.send({ type: 'halt' });
    return true;
  }

  /** Ends the voice stop, also one that was not sent yet. */
  rearm(): boolean {
    this.#stopOwed = false;
    this.#stopped = false;
    return this.send({ type: 'rearm' });
  }

  /** Returns false if the audio was dropped. */
  sendAudio(audio: ArrayBuffer): boolean {
    if (this.#link !== 'connected' || !this.#socket) return false;
    if (this.#socket.bufferedAmount > this.#unsentBytes) {
      this.#droppedAudio++;
      return false;
    }
    this.#socket.send(audio);
    return true;
  }

  #open(): void {
    this.#setLink('connecting', '');
    const { clock, open, hello } = this.#options;
    this.#wasReady = false;
    const socket = open(this.#url, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#timer = clock.setTimer(READY_WITHIN_MS, () => this.#lost(0));
    socket.onopen = () => {
      if (this.#socket === socket) this.#write({ ...hello(), ...this.#resumption() });
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      if (this.#socket === socket) this.#receive(data);
    };
    socket.onclose = ({ code }: { code: number }) => {
      if (this.#socket === socket) this.#lost(code);
    };
    // `close` follows.
    socket.onerror = () => {};
  }

  #resumption(): Pick<HelloMessage, 'resume' | 'session' | 'secret' | 'epoch' | 'lastSeq'> {
    if (!this.#options.reconnect) return {};
    if (!this.#session) return { resume: true };
    const { id, epoch, secret, lastSeq } = this.#session;
    const known = {
      ...(epoch !== undefined && { epoch }),
      ...(secret !== undefined && { secret }),
      ...(lastSeq !== undefined && { lastSeq }),
    };
    return { resume: true, session: id, ...known };
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      const bytes = new Uint8Array(data);
      const frame = decodeOpusAudio(bytes);
      const audio = frame ? undefined : decodeAudio(bytes);
      if (frame) this.#options.onPacket(frame);
      if (audio && (data.byteLength - AUDIO_HEADER_BYTES) % 2 === 0) this.#options.onAudio(audio, data);
      return;
    }
    const message = parseServerMessage(data);
    if (!message) return;
    if (message.type === 'ready') this.#ready(message);
    if (message.type === 'state') {
      this.#stopped = message.value === 'stopped';
      if (this.#stopped) this.#stopOwed = false;
      if (this.#session) this.#session.lastSeq = message.seq;
    }
    if (message.type === 'error' && message.fatal) this.#fatal = message;
    if (message.type === 'error' && message.code === 'SESSION_UNKNOWN') this.#session = undefined;
    this.#options.onMessage(message);
  }

  #ready(message: ReadyMessage): void {
    this.#timer?.cancel();
    this.#attempt = 0;
    this.#wasReady = true;
    const { session: id, epoch, secret, resumed, audio } = message;
    const lastSeq = resumed ? this.#session?.lastSeq : undefined;
    const known = { ...(secret !== undefined && { secret }), ...(lastSeq !== undefined && { lastSeq }) };
    this.#session = { id, epoch, ...known };
    const bytesPerS = audio.codec ? OPUS_BYTES_PER_S : audio.inputRate * Int16Array.BYTES_PER_ELEMENT;
    this.#unsentBytes = (UNSENT_AUDIO_MS / 1_000) * bytesPerS;
    this.#setLink('connected', '');
    if (this.#stopOwed) this.send({ type: 'halt' });
  }

  #lost(closeCode: number): void {
    this.#drop();
    const { words, retry } = closeAdvice(closeCode);
    const why = { closeCode, ...(this.#fatal && { error: this.#fatal }) };
    // A server that names a time wants it back, whatever the code.
    const isWanted = retry || this.#fatal?.retryAfterMs !== undefined;
    if (!isWanted || !this.#options.reconnect) {
      this.#end(words, why);
      return;
    }
    this.#stopOwed ||= this.#stopped;
    const { retryAfterMs = 0, server } = this.#fatal ?? {};
    this.#fatal = undefined;
    const { url } = this.#options;
    if (server !== undefined) this.#url = movedTo(url, server);
    else if (!this.#wasReady) this.#url = url;
    const random = Math.random();
    const ownMs = retryDelayMs(this.#attempt++, random);
    // Another server has room now.
    const moves = server !== undefined && this.#url !== url;
    const retryInMs = moves ? ownMs : Math.max(ownMs, retryAfterMs * (1 + random / 2));
    this.#timer = this.#options.clock.setTimer(retryInMs, () => this.#open());
    this.#setLink('waiting', words, { ...why, retryInMs });
  }

  #end(words: string, why: Partial<LinkChange>): void {
    this.#drop();
    this.#url = this.#options.url;
    this.#session = undefined;
    this.#stopOwed = false;
    this.#stopped = false;
    this.#fatal = undefined;
    this.#setLink('offline', words, why);
  }

  #drop(): void {
    this.#timer?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  #write(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
    this.#options.onSent(message);
  }

  #setLink(link: Link, words: string, more: Partial<LinkChange> = {}): void {
    if (link === this.#link) return;
    this.#link = link;
    this.#options.onLink({ link, words, ...more });
  }
}
