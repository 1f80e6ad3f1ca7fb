import WebSocket from 'ws';
import { realClock } from '../../adapters/real-clock.ts';
import { type OutputRate, type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { decodeAudio } from '../../machines/audio-message.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import {
  type ClientMessage,
  type HelloMessage,
  type ServerMessage,
  SUBPROTOCOL,
} from '../../machines/wire.ts';
import { Microphone } from './microphone.ts';
import { Speaker } from './speaker.ts';

export interface VoiceClientOptions {
  /** `ws://host:port` or `http://host:port`; the path is the protocol's. */
  readonly url: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly token?: string;
  readonly user?: string;
  /** Default 24,000. */
  readonly outputRate?: OutputRate;
  readonly language?: string;
  readonly voice?: string;
  /** Default: audio both ways, and no results of actions. */
  readonly manners?: Pick<
    HelloMessage,
    'input' | 'output' | 'actions' | 'resume' | 'session' | 'secret' | 'epoch'
  >;
  /** Acknowledge played audio. Default true. */
  readonly acknowledges?: boolean;
}

/** A message and its arrival time, in ms since the client was ready. */
export interface Arrival {
  readonly atMs: number;
  readonly message: ServerMessage;
}

/** A frame of audio and its arrival time, in ms since the client was ready. */
export interface FrameArrival {
  readonly atMs: number;
  readonly generation: number;
  readonly seq: number;
}

const ACKNOWLEDGE_MS = 100;
const CONNECT_MS = 10_000;

/**
 * A client of the native protocol with a simulated microphone and loudspeaker, for the command line, tests and
 * benchmarks.
 */
export class VoiceClient {
  readonly arrivals: Arrival[] = [];
  readonly frames: FrameArrival[] = [];
  readonly microphone: Microphone;
  readonly speaker: Speaker;
  /** Resolves with the close code when the connection is gone. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #acknowledges: boolean;
  /** False if the session takes text: the server would answer audio with AUDIO_NOT_TAKEN. */
  readonly #hasMicrophone: boolean;
  readonly #listeners = new Set<(arrival: Arrival) => void>();
  #ticker: TimerHandle | undefined;
  #acknowledged = { generation: 0, samples: 0 };
  #open = true;

  private constructor(socket: WebSocket, ready: Arrival, options: VoiceClientOptions) {
    this.#socket = socket;
    this.#clock = options.clock ?? realClock;
    this.#acknowledges = options.acknowledges ?? true;
    this.#hasMicrophone = options.manners?.input !== 'text';
    this.#startMs = this.#clock.nowMs();
    this.arrivals.push(ready);
    this.speaker = new Speaker(options.outputRate ?? 24_000, this.#startMs);
    this.microphone = new Microphone(this.#clock, (frame) => this.#sendAudio(frame));
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        this.#open = false;
        this.#ticker?.cancel();
        this.microphone.close();
        resolve(code);
      });
    });
    socket.on('error', () => {}); // `close` follows
    socket.on('message', (data: Buffer, binary: boolean) =>
      binary ? this.#onAudio(data) : this.#onText(data),
    );
    this.#tick();
  }

  /** Connects, says hello, and resolves when the session is ready. Rejects with SERVER_UNREACHABLE or the server's own error. */
  static async connect(options: VoiceClientOptions): Promise<VoiceClient> {
    const url = new URL('/v1/session', options.url.replace(/^http/u, 'ws'));
    const socket = new WebSocket(url, SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_MS,
    });
    return new Promise((resolve, reject) => {
      socket.once('error', (cause) =>
        reject(new ParleyError('SERVER_UNREACHABLE', `${url.origin}: ${cause.message}`, { cause })),
      );
      socket.once('close', (code) =>
        reject(new ParleyError('SERVER_UNREACHABLE', `${url.origin} closed with ${code}`)),
      );
      socket.once('open', () => {
        const { token, user, language, voice, manners, outputRate = 24_000 } = options;
        const hello: ClientMessage = {
          type: 'hello',
          // The simulated microphone does not hear the loudspeaker.
          audio: { inputRate: PIPELINE_RATE, outputRate, echo: 'cancelled' },
          ...(token === undefined ? {} : { token }),
          ...(user === undefined ? {} : { user }),
          ...(language === undefined ? {} : { language }),
          ...(voice === undefined ? {} : { voice }),
          ...manners,
        };
        socket.send(JSON.stringify(hello));
      });
      socket.once('message', (data: Buffer) => {
        const message = parseMessage(data);
        if (message.type === 'error') {
          reject(new ParleyError(message.code, message.message));
          socket.close();
        } else resolve(new VoiceClient(socket, { atMs: 0, message }, options));
      });
    });
  }

  /** ms since the client was ready. */
  nowMs(): number {
    return this.#clock.nowMs() - this.#startMs;
  }

  say(pcm: Pcm<PipelineRate>): Promise<void> {
    return this.microphone.say(pcm);
  }

  send(message: ClientMessage): void {
    if (this.#open) this.#socket.send(JSON.stringify(message));
  }

  onMessage(listener: (arrival: Arrival) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits for the first message that `matches`, starting at index `since` of `arrivals`. Resolves with undefined after `timeoutMs`, or when the connection closes.
   */
  async waitFor(
    matches: (message: ServerMessage) => boolean,
    options: { since?: number; timeoutMs: number },
  ): Promise<Arrival | undefined> {
    const found = this.arrivals.slice(options.since ?? 0).find(({ message }) => matches(message));
    if (found) return found;
    return new Promise((resolve) => {
      const finish = (arrival: Arrival | undefined) => {
        stop();
        timer.cancel();
        resolve(arrival);
      };
      const stop = this.onMessage((arrival) => {
        if (matches(arrival.message)) finish(arrival);
      });
      const timer = this.#clock.setTimer(options.timeoutMs, () => finish(undefined));
      void this.closed.then(() => finish(undefined));
    });
  }

  /** Resolves `ms` later. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimer(ms, resolve);
    });
  }

  async close(): Promise<void> {
    this.send({ type: 'bye' });
    this.#socket.close(1000);
    await this.closed;
  }

  #onText(data: Buffer): void {
    const arrival = { atMs: this.nowMs(), message: parseMessage(data) };
    this.arrivals.push(arrival);
    const { message } = arrival;
    if (message.type === 'playback') this.speaker.setPaused(message.state === 'paused', this.#clock.nowMs());
    if (message.type === 'flush') this.speaker.flush(message.generation, this.#clock.nowMs());
    if (message.type === 'playback' || message.type === 'flush') this.#acknowledge();
    for (const listener of this.#listeners) listener(arrival);
  }

  #onAudio(data: Buffer): void {
    const audio = decodeAudio(data);
    if (!audio) return;
    this.frames.push({ atMs: this.nowMs(), generation: audio.generation, seq: audio.seq });
    // An aligned copy. (A Buffer's own `slice` would share the memory.)
    const samples = new Int16Array(Uint8Array.from(audio.pcm).buffer);
    this.speaker.receive(audio, samples, this.#clock.nowMs());
  }

  #sendAudio(frame: Int16Array): void {
    if (this.#open && this.#hasMicrophone)
      this.#socket.send(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
  }

  #tick(): void {
    this.speaker.advance(this.#clock.nowMs());
    this.#acknowledge();
    this.#ticker = this.#clock.setTimer(ACKNOWLEDGE_MS, () => this.#tick());
  }

  #acknowledge(): void {
    const { generation, samples } = this.speaker.played;
    const { generation: before, samples: told } = this.#acknowledged;
    if (!this.#acknowledges || generation === 0 || (generation === before && samples === told)) return;
    this.#acknowledged = { generation, samples };
    this.send({ type: 'played', generation, samples });
  }
}

/** Parses a server message without validating its fields. Throws if it is not JSON. */
function parseMessage(data: Buffer): ServerMessage {
  try {
    return JSON.parse(data.toString('utf8')) as ServerMessage;
  } catch (cause) {
    throw new ParleyError('BAD_MESSAGE', 'expected JSON, got other text', { cause });
  }
}
