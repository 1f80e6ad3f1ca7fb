import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { OutputRate } from '../../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import type { ServerMessage } from '../../../machines/wire.ts';
import type { DoorLimits } from '../limits.ts';

/** A ping goes out with every so many bytes sent: a third of a second of audio at 24 kHz. */
const PING_EVERY_BYTES = 16_384;
/** Room for JSON messages, and for what is sent while a pong is on its way. */
const SLACK_BYTES = 32_768;
const BYTES_PER_SAMPLE = 2;

const TEXT = { binary: false, compress: false } as const;
const BINARY = { binary: true, compress: false } as const;

/**
 * The way to the client. The kernels of both sides hold megabytes that a stalled client has not read, and
 * `bufferedAmount` sees none of it. So a numbered ping follows what is sent, one at a time: its pong says
 * that everything before it was read, and the difference between sent and read is bounded.
 *
 * What is sent in the same moment goes to the kernel in one write: a write costs more than all else that a frame needs.
 */
export class Downlink {
  readonly #socket: WebSocket;
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #limits: DoorLimits;
  readonly #onSlow: (detail: string) => void;
  #unreadLimit = SLACK_BYTES;
  #sentBytes = 0;
  #readBytes = 0;
  #pingSequence = 0;
  /** Bytes sent before the ping that is under way. */
  #pingAtBytes: number | undefined;
  #timer: TimerHandle | undefined;
  #slowTold = false;
  #closed = false;
  #corked = false;
  readonly #uncork = () => {
    if (!this.#corked) return;
    this.#corked = false;
    this.#wire.uncork();
  };

  /** `wire` is what `socket` writes to. `onSlow` is called at most once. */
  constructor(
    socket: WebSocket,
    wire: Duplex,
    clock: Clock,
    limits: DoorLimits,
    onSlow: (detail: string) => void,
  ) {
    this.#socket = socket;
    this.#wire = wire;
    this.#clock = clock;
    this.#limits = limits;
    this.#onSlow = onSlow;
    this.#armKeepalive();
  }

  setOutputRate(rate: OutputRate): void {
    this.#unreadLimit = (this.#limits.unreadMs * rate * BYTES_PER_SAMPLE) / 1_000 + SLACK_BYTES;
  }

  sendMessage(message: ServerMessage): void {
    this.sendText(Buffer.from(JSON.stringify(message)));
  }

  /** `utf8` must be valid UTF-8. */
  sendText(utf8: Uint8Array): void {
    if (this.#closed) return;
    this.#cork();
    this.#socket.send(utf8, TEXT);
    this.#count(utf8.byteLength);
  }

  sendBinary(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#cork();
    this.#socket.send(bytes, BINARY);
    this.#count(bytes.byteLength);
  }

  /** False if this answers no ping of ours. */
  acceptPong(data: Buffer): boolean {
    if (this.#pingAtBytes === undefined || data.toString('latin1') !== String(this.#pingSequence))
      return false;
    this.#readBytes = this.#pingAtBytes;
    this.#pingAtBytes = undefined;
    if (this.#closed) return true;
    if (this.#sentBytes - this.#readBytes >= PING_EVERY_BYTES) this.#ping();
    else this.#armKeepalive();
    return true;
  }

  /** Nothing is sent, and `onSlow` not called, after this. What was sent is on its way. */
  close(): void {
    this.#closed = true;
    this.#uncork();
    this.#timer?.cancel();
  }

  /** Until the work in hand is done: what came of one event goes together. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#wire.cork();
    process.nextTick(this.#uncork);
  }

  #count(bytes: number): void {
    this.#sentBytes += bytes;
    const unread = Math.max(this.#sentBytes - this.#readBytes, this.#socket.bufferedAmount);
    if (unread > this.#unreadLimit) this.#slow(`${unread} bytes are unread`);
    else if (this.#pingAtBytes === undefined && this.#sentBytes - this.#readBytes >= PING_EVERY_BYTES)
      this.#ping();
  }

  #ping(): void {
    this.#timer?.cancel();
    this.#pingAtBytes = this.#sentBytes;
    this.#pingSequence += 1;
    this.#socket.ping(String(this.#pingSequence));
    this.#timer = this.#clock.setTimer(this.#limits.pongTimeoutMs, () =>
      this.#slow(`no pong for ${this.#limits.pongTimeoutMs} ms`),
    );
  }

  #armKeepalive(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(this.#limits.pingIntervalMs, () => this.#ping());
  }

  #slow(detail: string): void {
    if (this.#closed || this.#slowTold) return;
    this.#slowTold = true;
    this.#timer?.cancel();
    this.#onSlow(detail);
  }
}
