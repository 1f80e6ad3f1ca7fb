import { Readable } from 'node:stream';
import { FRAME_MS, type InputRate, type OutputRate, PIPELINE_RATE } from '../../../../machines/audio.ts';
import type { OpusLibrary } from '../audio/opus.ts';
import { type ClientOptions, SessionClient } from '../client.ts';
import type { Socket } from '../connection.ts';
import { PacedSpeaker } from './paced-speaker.ts';

export * from '../mod.ts';
export { readWav } from './wav.ts';

type SocketClass = new (url: string, subprotocol: string) => Socket;

/** Silence after spoken samples, so that the server hears where they end. */
const SILENCE_MS = 2_000;

export interface NodeOptions extends ClientOptions {
  /** Of the audio that you send, in Hz. Default 16,000. */
  readonly inputRate?: InputRate;
}

/** A session of a program in Node: it supplies audio and may read the reply's, which is played in real time. */
export class ParleyClient extends SessionClient {
  #Socket: SocketClass | undefined;
  #output: Readable | undefined;
  #full = false;

  constructor(options: NodeOptions) {
    super(options);
    this.inputRate = options.inputRate ?? PIPELINE_RATE;
  }

  /**
   * The reply's audio as it is played, without the silence between: 16-bit little-endian PCM, mono. It ends with the connection. A reader that
   * asks for it must read it, at any pace: playback waits for the reader.
   */
  get output(): Readable {
    this.#output ??= new Readable({
      read: () => {
        this.#full = false;
      },
    });
    return this.#output;
  }

  /** Says these samples (mono, at `inputRate`) in real time, then silence. Resolves when all is sent, or the connection has ended. */
  async speak(samples: Int16Array, { silenceMs = SILENCE_MS } = {}): Promise<void> {
    const frame = (this.inputRate * FRAME_MS) / 1_000;
    const end = samples.length + (this.inputRate * silenceMs) / 1_000;
    const startMs = this.clock.nowMs();
    for (let at = 0; at < end && this.link !== 'offline'; at += frame) {
      const piece = new Int16Array(frame);
      piece.set(samples.subarray(at, at + frame));
      this.audio(piece);
      const dueMs = startMs + ((at + frame) * 1_000) / this.inputRate;
      await new Promise<void>((sent) => {
        this.clock.setTimer(Math.max(0, dueMs - this.clock.nowMs()), sent);
      });
    }
  }

  protected openSocket(url: string, subprotocol: string): Socket {
    if (!this.#Socket) throw new Error('connect() loads the WebSocket');
    return new this.#Socket(url, subprotocol);
  }

  protected async loadOpus(): Promise<OpusLibrary> {
    try {
      return await import('libopus-wasm');
    } catch (cause) {
      throw new Error('the codec is not installed: npm install libopus-wasm', { cause });
    }
  }

  protected async prepare(): Promise<void> {
    this.#Socket ??= await socketClass();
  }

  protected matchSpeaker(rate: OutputRate): void {
    void this.speaker?.close();
    this.speaker = new PacedSpeaker(rate, this.clock, {
      onPlayed: this.onPlayed,
      onAudio: (samples) => {
        if (this.#output) this.#full = !this.#output.push(new Uint8Array(samples.buffer));
      },
      blocked: () => this.#full,
    });
  }

  protected release(): void {
    void this.speaker?.close();
    this.speaker = undefined;
    this.#output?.push(null);
    this.#output = undefined;
    this.#full = false;
  }
}

/** Node's own since version 22, else that of `ws`. */
async function socketClass(): Promise<SocketClass> {
  const { WebSocket: own } = globalThis as { WebSocket?: SocketClass };
  if (own) return own;
  try {
    return (await import('ws')).WebSocket;
  } catch (cause) {
    throw new Error('this Node has no WebSocket: npm install ws, or use Node 22 or newer', { cause });
  }
}
