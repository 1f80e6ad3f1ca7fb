import { type InputRate, OUTPUT_RATES, type OutputRate, PIPELINE_RATE } from '../../../machines/audio.ts';
import type { AudioHeader } from '../../../machines/audio-message.ts';
import type {
  ClientMessage,
  EchoState,
  HelloMessage,
  ReadyMessage,
  SettingsChange,
} from '../../../machines/wire.ts';
import { type ActionHandler, Actions } from './actions.ts';
import { AudioCoding, type CodingOptions } from './audio/coding.ts';
import type { OpusLibrary } from './audio/opus.ts';
import type { Played } from './audio/playout.ts';
import { type Clock, realClock } from './clock.ts';
import { Connection, type Link, type LinkChange, type Socket } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Heard } from './messages.ts';
import type { Speaker } from './speaker.ts';

export interface ClientOptions
  extends CodingOptions,
    Pick<HelloMessage, 'user' | 'language' | 'voice' | 'input' | 'output' | 'attention' | 'ear'> {
  /** Of the server, such as `http://127.0.0.1:7400`; `https:`, `ws:` and `wss:` too. */
  readonly url: string | URL;
  readonly token?: string;
  /** Of the reply's audio, in Hz. Default 24,000. */
  readonly outputRate?: OutputRate;
  /** Connect again by itself after a loss. Default true. */
  readonly reconnect?: boolean;
  /**
   * `session` and `secret` of a client that is gone, so that this one goes on with its session. `ready.resumed` says whether that
   * was possible.
   */
  readonly session?: { readonly id: string; readonly secret: string };
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A device of the browser that cannot be used. The session goes on without it. */
export interface DeviceTrouble {
  readonly device: 'microphone' | 'speaker';
  readonly error: unknown;
}

/** Each message of the server by its `type`, and what happens in the client. */
export type ClientEvents = { [M in Heard as M['type']]: M } & {
  /** Any message of the server. */
  message: Heard;
  /** Any message to the server. */
  sent: ClientMessage;
  link: LinkChange;
  /** A frame of the reply's audio arrived. */
  frame: AudioHeader;
  /** What the loudspeaker has played. */
  played: Played;
  trouble: DeviceTrouble;
  /** Browser: a frame of the microphone, its RMS (0..1). */
  level: number;
};

/** The connection ended for good. */
export class ConnectionEnded extends Error {
  /** The server's error code, or `CLOSED`. */
  readonly code: string;
  /** The WebSocket's close code, if the server or the network ended it. */
  readonly closeCode: number | undefined;

  constructor({ words, closeCode, error }: LinkChange) {
    super(error ? `${words} (${error.message})` : words || 'the client was closed');
    this.name = 'ConnectionEnded';
    this.code = error?.code ?? 'CLOSED';
    this.closeCode = closeCode;
  }
}

/** A session with a Parley server, without the devices and the WebSocket, which depend on where it runs. */
export abstract class SessionClient extends Emitter<ClientEvents> {
  /** Sent with the next connection; empty: none. */
  token: string;
  /** False if replies come as text only. */
  protected readonly audible: boolean;
  /** Of the audio sent, in Hz. */
  protected inputRate: InputRate = PIPELINE_RATE;
  /** Whether the microphone hears the loudspeaker. */
  protected echo: EchoState | undefined;
  protected speaker: Speaker | undefined;
  protected readonly clock: Clock;
  protected readonly outputRate: OutputRate;
  readonly #options: ClientOptions;
  readonly #connection: Connection;
  readonly #actions = new Actions((id, report) => this.send({ type: 'action.result', id, ...report }));
  #settings: SettingsChange | undefined;
  /** Incremented with every `connect` and end, so that what belonged to an earlier one is dropped. */
  #visit = 0;
  readonly #coding: AudioCoding;
  /** The newest, which a server that was restarted does not know. */
  #played: Pick<Played, 'generation' | 'samples'> | undefined;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
    this.#coding = new AudioCoding(options, () => this.loadOpus());
    this.token = options.token ?? '';
    this.audible = options.output !== 'text';
    this.clock = options.clock ?? realClock;
    this.outputRate = options.outputRate ?? OUTPUT_RATES[1];
    this.#connection = new Connection({
      url: sessionUrl(options.url),
      clock: this.clock,
      reconnect: options.reconnect ?? true,
      session: options.session,
      open: (url, subprotocol) => this.openSocket(url, subprotocol),
      hello: () => this.#hello(),
      onLink: (change) => this.#onLink(change),
      onMessage: (message) => this.#onMessage(message),
      onAudio: (header, message) => {
        const { generation, seq } = header;
        this.emit('frame', { generation, seq });
        this.speaker?.frame(header, message);
      },
      onPacket: (frame) => {
        const { generation, seq } = frame;
        this.emit('frame', { generation, seq });
        const message = this.#coding.samplesOf(frame);
        if (message) this.speaker?.frame({ generation, seq }, message);
      },
      onSent: (message) => this.emit('sent', message),
    });
  }

  /** Loads the codec. Rejects with what to install. */
  protected abstract loadOpus(): Promise<OpusLibrary>;
  protected abstract openSocket(url: string, subprotocol: string): Socket;
  /** Makes ready what must be there before the session. */
  protected abstract prepare(): Promise<void>;
  /** The session is `ready` with this rate of audio. */
  protected abstract matchSpeaker(rate: OutputRate): void | Promise<void>;
  /** The connection ended for good. */
  protected abstract release(): void;

  get link(): Link {
    return this.#connection.link;
  }

  /** Id of the session, once there is one. */
  get session(): string | undefined {
    return this.#connection.session;
  }

  /** With it and the id, another client goes on with the session after this one is gone: store both where only it reads them. */
  get secret(): string | undefined {
    return this.#connection.secret;
  }

  /** Audio messages that were not sent because the network was too slow. */
  get droppedAudio(): number {
    return this.#connection.droppedAudio;
  }

  /**
   * Begins a session and resolves when it is ready. Tries again while the server cannot be reached or has no room (see the event `link`);
   * rejects with `ConnectionEnded` when that cannot help, or on `close`.
   */
  async connect(): Promise<ReadyMessage> {
    if (this.link !== 'offline') throw new Error('this client is connected already: close it first');
    const visit = ++this.#visit;
    const ready = this.next('ready');
    this.#connection.prepare();
    try {
      await this.prepare();
      await this.#coding.open(this.inputRate, this.outputRate);
      if (visit === this.#visit) this.#connection.connect();
    } catch (error) {
      // It would only say that the client was closed.
      ready.catch(() => {});
      this.close();
      throw error;
    }
    return ready;
  }

  /** Ends the session. */
  close(): void {
    this.#connection.disconnect();
  }

  /** Ends the connection and leaves the session, which waits half a minute for another client with its `secret`. */
  leave(): void {
    this.#connection.leave();
  }

  /** Resolves with the next event of this name that matches; rejects with `ConnectionEnded` if the connection ends for good. */
  next<Name extends keyof ClientEvents>(
    name: Name,
    matches: (event: ClientEvents[Name]) => boolean = () => true,
  ): Promise<ClientEvents[Name]> {
    return new Promise((resolve, reject) => {
      const stops = [
        this.on(name, (event) => {
          if (!matches(event)) return;
          for (const stop of stops) stop();
          resolve(event);
        }),
        this.on('link', (change) => {
          if (change.link !== 'offline') return;
          for (const stop of stops) stop();
          reject(new ConnectionEnded(change));
        }),
      ];
    });
  }

  /** While the connection is lost, tries again at once. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /** Sends any message of the protocol. Returns false without a session, also on a connection that is closing. */
  send(message: ClientMessage): boolean {
    return this.#connection.send(message);
  }

  /** A typed turn. Returns false without a session, like the methods below. */
  text(text: string): boolean {
    return this.send({ type: 'text', text });
  }

  /** Ends the reply. */
  interrupt(): boolean {
    return this.send({ type: 'interrupt' });
  }

  /**
   * The voice stop: silent and without actions at once, here and at the server. Until the server confirms it, it is also the first message
   * of each new connection; it returns false if the client is closed. A stop lasts across reconnections, until `rearm`.
   */
  halt(): boolean {
    this.speaker?.order({ type: 'silence' });
    this.#actions.abortAll();
    return this.#connection.halt();
  }

  /** Ends the voice stop. */
  rearm(): boolean {
    return this.#connection.rearm();
  }

  /** Push to talk: ends the user's turn at the audio sent so far. */
  commit(): boolean {
    return this.send({ type: 'commit' });
  }

  /** Discards the audio since the last commit, or the utterance in progress. */
  clear(): boolean {
    return this.send({ type: 'clear' });
  }

  /** Starts a reply without words of the user; with `say`, the reply is these words. */
  respond(how: { readonly instructions?: string; readonly say?: string } = {}): boolean {
    return this.send({ type: 'respond', ...how });
  }

  /** Changes the session now, or as soon as there is one; a new session after a lost one gets all changes again. */
  settings(change: SettingsChange): void {
    this.#settings = { ...this.#settings, ...change };
    this.send({ type: 'settings', ...change });
  }

  /** The robot moves or rests; `noise`: level of its motors at the microphone, dBFS. */
  body(moving: boolean, noise?: number): boolean {
    return this.send({ type: 'body', moving, ...(noise !== undefined && { noise }) });
  }

  /**
   * Carries out the actions of this name (`*`: all without a handler of their own) and reports their results. Register the
   * first handler before `connect`: the server then waits for results. Actions without a handler are refused.
   */
  onAction(name: string, handler: ActionHandler): void {
    if (this.link !== 'offline' && !this.#actions.handled)
      throw new Error('register the first action handler before connect()');
    this.#actions.handle(name, handler);
  }

  /** Sends recorded audio, of any length, as it is recorded. It leaves in messages of `frameMs`; the rest waits for more. */
  audio(samples: Int16Array): void {
    for (const message of this.#coding.messagesOf(samples, this.inputRate))
      this.#connection.sendAudio(message);
  }

  /** For a speaker: hands on what it has played. */
  protected readonly onPlayed = (played: Played): void => {
    this.emit('played', played);
    const { generation, samples } = played;
    this.#played = { generation, samples };
    this.send({ type: 'played', generation, samples });
  };

  /** A check whether the connection that there is now is still the same later. */
  protected sameVisit(): () => boolean {
    const visit = this.#visit;
    return () => visit === this.#visit;
  }

  #hello(): HelloMessage {
    const { user, language, voice, input, output, attention, ear } = this.#options;
    return {
      type: 'hello',
      ...(this.token && { token: this.token }),
      audio: {
        ...{ inputRate: this.inputRate, outputRate: this.outputRate },
        ...(this.echo && { echo: this.echo }),
        ...this.#coding.wanted,
      },
      ...(language !== undefined && { language }),
      ...(voice !== undefined && { voice }),
      ...(input && { input }),
      ...(output && { output }),
      ...(ear && { ear }),
      ...(user && { user }),
      ...(attention && { attention }),
      ...(this.#actions.handled && { actions: 'results' as const }),
      ...(this.#played && { played: this.#played }),
    };
  }

  #onLink(change: LinkChange): void {
    if (change.link === 'waiting') this.#actions.lost();
    // Without a link the server could not stop them.
    if (change.link === 'offline') this.#actions.abortAll();
    if (change.link === 'offline') {
      this.#visit++;
      this.speaker?.order({ type: 'silence' });
      this.#coding.close();
      this.release();
    }
    this.emit('link', change);
  }

  #onMessage(message: Heard): void {
    switch (message.type) {
      case 'ready':
        this.#onReady(message);
        break;
      case 'playback':
        this.speaker?.order({
          type: 'playback',
          generation: message.generation,
          state: message.state,
        });
        break;
      case 'flush':
        this.speaker?.order({ type: 'flush', generation: message.generation });
        break;
      case 'hold':
        this.#actions.hold(message.held);
        break;
      case 'state':
        this.#actions.listLasting(message.actions);
        break;
      case 'action':
        if (this.#actions.handled) this.#actions.receive(message);
        break;
      default:
    }
    this.emit('message', message);
    // The event of this name takes exactly this message; the compiler cannot relate the two.
    this.emit(message.type, message as never);
  }

  #onReady({ audio, resumed }: ReadyMessage): void {
    this.#coding.begin(audio);
    if (resumed) this.#actions.resumed();
    else this.#actions.abortAll();
    if (!resumed) this.#played = undefined;
    if (this.#settings && !resumed) this.send({ type: 'settings', ...this.#settings });
    if (!this.audible) return;
    if (this.speaker?.rate === audio.outputRate) this.speaker.order({ type: resumed ? 'resume' : 'reset' });
    else void this.matchSpeaker(audio.outputRate);
  }
}

/** The protocol's address below that of the server. */
function sessionUrl(server: string | URL): string {
  const base = new URL(server);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const url = new URL('v1/session', base);
  url.protocol = url.protocol.replace(/^http/u, 'ws');
  return url.href;
}
