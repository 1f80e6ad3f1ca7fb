import WebSocket from 'ws';
import { msOfSamples } from '../../../machines/audio.ts';
import type { EndReason } from '../../../machines/wire.ts';
import type { Conversant, ConversantListener } from './conversant.ts';
import { monotonicMs } from './monotonic.ts';
import type { ClientSession, SeenReply } from './reports.ts';

/** Rate of `audio/pcm` in both directions. */
export const REALTIME_RATE = 24_000;
const CONNECT_MS = 20_000;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Reply = Writable<Omit<SeenReply, 'framesMs'>> & { itemId: string; samples: number; sent: boolean };

/** The fields of server events that this client reads. */
interface ServerEvent {
  readonly type: string;
  readonly delta?: string;
  readonly transcript?: string;
  readonly item?: { readonly id: string };
  readonly session?: { readonly id: string };
  readonly response?: { readonly status: string };
  readonly error?: { readonly code: string };
}

/** A client of OpenAI Realtime that does what its libraries do: it plays what it has, drops its queue at `speech_started`, and truncates the item at what it has played. */
export class RealtimeClient implements Conversant {
  listener: ConversantListener | undefined;
  readonly #socket: WebSocket;
  readonly #session: string;
  readonly #sentMs: number[] = [];
  readonly #spokenMs: number[] = [];
  readonly #replies: Reply[] = [];
  readonly #errors: string[] = [];
  #words = '';
  /** The reply that is being made or heard. */
  #reply: Reply | undefined;
  #open = true;

  private constructor(socket: WebSocket, session: string) {
    this.#socket = socket;
    this.#session = session;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as ServerEvent));
    socket.on('error', (error) => this.#errors.push(error.message));
    socket.on('close', (code) => {
      if (this.#open) this.#errors.push(`closed with ${code}`);
      this.#open = false;
    });
    this.#send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription: { model: 'parley' } } } },
    });
  }

  static connect(url: string): Promise<RealtimeClient> {
    const target = new URL('/v1/realtime', url.replace(/^http/u, 'ws'));
    const socket = new WebSocket(target, 'realtime', {
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_MS,
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => reject(new Error(`closed with ${code} before the session was ready`)));
      socket.once('message', (data: Buffer) => {
        const { type, session } = JSON.parse(data.toString()) as ServerEvent; // of our own server
        if (type !== 'session.created' || !session)
          return reject(new Error(`instead of session.created came ${data.toString()}`));
        socket.removeAllListeners();
        resolve(new RealtimeClient(socket, session.id.replace(/^sess_/u, '')));
      });
    });
  }

  /** Sends the microphone's next 20 ms, which is a whole event: see `appendEvents`. */
  tick(event: Buffer): void {
    if (!this.#open) return;
    this.#socket.send(event, { binary: false });
    const nowMs = monotonicMs();
    this.#sentMs.push(nowMs);
    const reply = this.#reply;
    if (reply?.sent && this.#playedMs(reply) >= msOfSamples(reply.samples, REALTIME_RATE))
      this.#end(reply, 'completed');
  }

  noteSpeechEnd(): void {
    this.#spokenMs.push(monotonicMs());
  }

  type(): void {
    throw new Error('users of Realtime speak');
  }

  report(): ClientSession {
    return {
      session: this.#session,
      sentMs: Float64Array.from(this.#sentMs),
      spokenMs: this.#spokenMs,
      textsMs: [],
      replies: this.#replies.map(({ itemId: _, samples: __, sent: ___, ...reply }) => ({
        ...reply,
        framesMs: new Float64Array(0),
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
    this.#socket.close(1000);
    await closed;
  }

  #receive(event: ServerEvent): void {
    const atMs = monotonicMs();
    const reply = this.#reply;
    switch (event.type) {
      case 'conversation.item.input_audio_transcription.completed':
        if (event.transcript) this.#words = event.transcript;
        break;
      case 'response.created':
        this.#reply = this.#begin();
        break;
      case 'response.output_item.added':
        if (reply) reply.itemId = event.item?.id ?? '';
        break;
      case 'response.output_audio_transcript.delta':
        if (reply) reply.firstTextMs ??= atMs;
        break;
      case 'response.output_audio.delta':
        if (reply) this.#onAudio(reply, event.delta ?? '', atMs);
        break;
      case 'input_audio_buffer.speech_started':
        if (reply?.firstFrameMs !== undefined) this.#interrupt(reply, atMs);
        break;
      case 'response.done':
        if (!reply) break;
        reply.sent = true;
        if (event.response?.status === 'failed') this.#end(reply, 'failed');
        break;
      case 'error':
        this.#errors.push(event.error?.code ?? 'error');
        break;
    }
  }

  #begin(): Reply {
    const number = this.#replies.length + 1;
    const reply: Reply = {
      ...{ turn: number, generation: number, words: this.#words, resumed: false },
      ...{ itemId: '', samples: 0, sent: false },
    };
    this.#replies.push(reply);
    return reply;
  }

  #onAudio(reply: Reply, delta: string, atMs: number): void {
    reply.lastFrameMs = atMs;
    reply.samples += Math.floor((delta.length * 3) / 8);
    if (reply.firstFrameMs !== undefined) return;
    reply.firstFrameMs = atMs;
    const spokenMs = this.#spokenMs.at(-1);
    if (spokenMs !== undefined) reply.spokenMs = spokenMs;
    this.listener?.onAudible();
  }

  #interrupt(reply: Reply, atMs: number): void {
    const playedMs = Math.min(this.#playedMs(reply), msOfSamples(reply.samples, REALTIME_RATE));
    reply.flushMs = atMs;
    this.#send({
      ...{ type: 'conversation.item.truncate', item_id: reply.itemId, content_index: 0 },
      audio_end_ms: Math.floor(playedMs),
    });
    this.#end(reply, 'interrupted');
  }

  #end(reply: Reply, reason: EndReason): void {
    this.#reply = undefined;
    reply.endedMs = monotonicMs();
    reply.reason = reason;
    this.listener?.onReplyEnd(reason);
  }

  /** Milliseconds of the reply that a loudspeaker has played, if it had them. */
  #playedMs({ firstFrameMs }: Reply): number {
    return firstFrameMs === undefined ? 0 : monotonicMs() - firstFrameMs;
  }

  #send(event: object): void {
    if (this.#open) this.#socket.send(JSON.stringify(event));
  }
}

/** Frames of PCM16LE at 24 kHz as events, ready to send. */
export function appendEvents(frames: readonly Buffer[]): Buffer[] {
  return frames.map((frame) =>
    Buffer.from(JSON.stringify({ type: 'input_audio_buffer.append', audio: frame.toString('base64') })),
  );
}
