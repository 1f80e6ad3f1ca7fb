import WebSocket from 'ws';
import { type InputRate, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { decodeAudio } from '../../../machines/audio-message.ts';
import {
  type ClientMessage,
  type EchoState,
  type FrameMs,
  type ServerMessage,
  SUBPROTOCOL,
} from '../../../machines/wire.ts';
import type { Conversant, ConversantListener } from './conversant.ts';
import { monotonicMs } from './monotonic.ts';
import type { ClientSession, SeenReply } from './reports.ts';

const OUTPUT_RATE = 24_000;
const CONNECT_MS = 20_000;
/** Maximum recorded frame arrivals per reply: 30 s. */
const FRAMES_KEPT = 1_500;
const ACKNOWLEDGE_EVERY_FRAMES = 5;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
interface Reply extends Writable<Omit<SeenReply, 'framesMs'>> {
  readonly arrivals: number[];
  paused: boolean;
  received: number;
}

/** A minimal client that behaves like a real one: its microphone is always open, it records arrivals, and acknowledges playback ten times a second. It has no timer: call `tick` every 20 ms.
 */
export class LoadClient implements Conversant {
  listener: ConversantListener | undefined;
  readonly #socket: WebSocket;
  readonly #session: string;
  readonly #frameMs: FrameMs;
  /** The first half of a message of 40 ms. */
  #half: Buffer | undefined;
  readonly #sentMs: number[] = [];
  readonly #replies = new Map<number, Reply>();
  readonly #words = new Map<number, string>();
  readonly #texts: { id: string; atMs: number }[] = [];
  readonly #errors: string[] = [];
  #audible: Reply | undefined;
  #acknowledged = 0;
  readonly #spokenMs: number[] = [];
  #open = true;

  private constructor(socket: WebSocket, session: string, frameMs: FrameMs) {
    this.#frameMs = frameMs;
    this.#socket = socket;
    this.#session = session;
    socket.on('message', (data: Buffer, binary: boolean) =>
      binary ? this.#onAudio(data) : this.#onMessage(data),
    );
    socket.on('error', (error) => this.#errors.push(error.message));
    socket.on('close', (code) => {
      if (this.#open) this.#errors.push(`closed with ${code}`);
      this.#open = false;
    });
  }

  /** `echo`: what it says of its loudspeaker. */
  static connect(
    url: string,
    inputRate: InputRate = PIPELINE_RATE,
    echo: EchoState = 'cancelled',
    frameMs: FrameMs = 20,
  ): Promise<LoadClient> {
    const target = new URL('/v1/session', url.replace(/^http/u, 'ws'));
    const socket = new WebSocket(target, SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_MS,
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => reject(new Error(`closed with ${code} before the session was ready`)));
      socket.once('open', () => {
        const hello: ClientMessage = {
          type: 'hello',
          audio: { inputRate, outputRate: OUTPUT_RATE, echo, ...(frameMs !== 20 && { frameMs }) },
        };
        socket.send(JSON.stringify(hello));
      });
      socket.once('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as ServerMessage; // of our own server
        if (message.type === 'ready') {
          socket.removeAllListeners();
          resolve(new LoadClient(socket, message.session, frameMs));
        } else reject(new Error(`instead of ready came ${data.toString()}`));
      });
    });
  }

  /** Sends the microphone's next 20 ms. */
  tick(frame: Buffer): void {
    if (!this.#open) return;
    if (this.#frameMs === 20) this.#socket.send(frame);
    else if (this.#half) {
      this.#socket.send(Buffer.concat([this.#half, frame]));
      this.#half = undefined;
    } else this.#half = frame;
    this.#sentMs.push(monotonicMs());
    if (this.#sentMs.length % ACKNOWLEDGE_EVERY_FRAMES === 0) this.#acknowledge();
  }

  noteSpeechEnd(): void {
    this.#spokenMs.push(monotonicMs());
  }

  type(id: string, text: string): void {
    if (!this.#open) return;
    this.#texts.push({ id, atMs: monotonicMs() });
    this.#send({ type: 'text', text });
  }

  report(): ClientSession {
    return {
      session: this.#session,
      sentMs: Float64Array.from(this.#sentMs),
      spokenMs: this.#spokenMs,
      textsMs: this.#texts,
      replies: [...this.#replies.values()].map(({ arrivals, paused: _, received: __, ...reply }) => ({
        ...reply,
        words: this.#words.get(reply.turn) ?? '',
        framesMs: Float64Array.from(arrivals),
      })),
      errors: this.#errors,
    };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const closed = new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
    });
    this.#send({ type: 'bye' }, true);
    this.#socket.close(1000);
    await closed;
  }

  #send(message: ClientMessage, closing = false): void {
    if (this.#open || closing) this.#socket.send(JSON.stringify(message));
  }

  #onMessage(data: Buffer): void {
    const atMs = monotonicMs();
    const message = JSON.parse(data.toString()) as ServerMessage; // of our own server
    switch (message.type) {
      case 'transcript':
        if (message.final) this.#words.set(message.turn, message.text);
        break;
      case 'reply':
        this.#reply(message.generation, message.turn).firstTextMs ??= atMs;
        break;
      case 'playback':
        if (message.state === 'paused') this.#pause(message.generation, atMs);
        else if (message.state === 'playing') this.#reply(message.generation).resumed = true;
        break;
      case 'flush':
        for (const reply of this.#replies.values())
          if (reply.generation <= message.generation) reply.flushMs ??= atMs;
        break;
      case 'reply.end': {
        const reply = this.#reply(message.generation, message.turn);
        reply.endedMs = atMs;
        reply.reason = message.reason;
        this.listener?.onReplyEnd(message.reason);
        break;
      }
      case 'error':
        this.#errors.push(message.code);
        break;
    }
  }

  #pause(generation: number, atMs: number): void {
    const reply = this.#reply(generation);
    reply.pausedMs ??= atMs;
    reply.paused = true;
  }

  #onAudio(data: Buffer): void {
    const atMs = monotonicMs();
    const audio = decodeAudio(data);
    if (!audio) return;
    const reply = this.#reply(audio.generation);
    reply.lastFrameMs = atMs;
    reply.received += audio.pcm.byteLength / 2;
    if (!reply.paused && reply.arrivals.length < FRAMES_KEPT) reply.arrivals.push(atMs);
    if (reply.firstFrameMs !== undefined) return;
    reply.firstFrameMs = atMs;
    const spokenMs = this.#spokenMs.at(-1);
    if (spokenMs !== undefined) reply.spokenMs = spokenMs;
    this.#audible = reply;
    this.#acknowledged = 0;
    this.listener?.onAudible();
  }

  #reply(generation: number, turn?: number): Reply {
    let reply = this.#replies.get(generation);
    if (!reply) {
      reply = {
        turn: turn ?? 0,
        generation,
        words: '',
        resumed: false,
        arrivals: [],
        paused: false,
        received: 0,
      };
      this.#replies.set(generation, reply);
    }
    if (turn !== undefined) reply.turn = turn;
    return reply;
  }

  /** Plays in real time from the first frame until a pause or the end. */
  #acknowledge(): void {
    const reply = this.#audible;
    if (reply?.firstFrameMs === undefined) return;
    const untilMs = reply.pausedMs ?? reply.flushMs ?? monotonicMs();
    const samples = Math.min(reply.received, samplesInMs(untilMs - reply.firstFrameMs, OUTPUT_RATE));
    if (samples <= this.#acknowledged) return;
    this.#acknowledged = samples;
    this.#send({ type: 'played', generation: reply.generation, samples });
  }
}
