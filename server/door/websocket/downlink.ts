import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import type { ServerMessage } from '../../../machines/wire.ts';
import type { DoorLimits } from '../limits.ts';

/** A ping follows this much: a third of a second of audio at 24 kHz. */
const PING_EVERY_BYTES = 16_384;
/** What may be unread at most, so that one client cannot fill the memory: 80 s of audio at 24 kHz. */
const MAX_UNREAD_BYTES = 4 * 1_024 * 1_024;

const TEXT = { binary: false, compress: false } as const;
const BINARY = { binary: true, compress: false } as const;

/** A ping that was sent and not answered. Its pong says that everything before it was read. */
interface Mark {
  readonly sequence: number;
  /** Bytes sent before it. */
  readonly bytes: number;
  readonly atMs: number;
}

/**
 * The way to the client. The kernels of both sides hold megabytes that a stalled client has not read, and
 * `bufferedAmount` sees none of it. So numbered pings go between what is sent, and their pongs say how far the client has
 * read. It is too slow if it reads nothing for `unreadMs` while a ping with data before it waits, or if it is
 * `pongTimeoutMs` behind: how much was sent at once does not matter.
 *
 * What is sent in the same moment goes to the kernel in one write: a write costs more than all else that a frame needs.
 */
export class Downlink {
  readonly #socket: WebSocket;
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #limits: Pick<DoorLimits, 'unreadMs' | 'pongTimeoutMs' | 'pingIntervalMs'>;
  readonly #onSlow: (detail: string) => void;
  readonly #marks: Mark[] = [];
  #sentBytes = 0;
  #readBytes = 0;
  #markedBytes = 0;
  #sequence = 0;
  /** When a pong last showed that something was read. */
  #progressAtMs = 0;
  /** Of the next keepalive, or of the moment at which the client is too slow. */
  #timer: TimerHandle | undefined;
  #slowReported = false;
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
    limits: Pick<DoorLimits, 'unreadMs' | 'pongTimeoutMs' | 'pingIntervalMs'>,
    onSlow: (detail: string) => void,
  ) {
    this.#socket = socket;
    this.#wire = wire;
    this.#clock = clock;
    this.#limits = limits;
    this.#onSlow = onSlow;
    this.#arm();
  }

  sendMessage(message: ServerMessage): void {
    this.#send(Buffer.from(JSON.stringify(message)), TEXT);
  }

  sendBinary(bytes: Uint8Array): void {
    this.#send(bytes, BINARY);
  }

  /** False if this answers no ping of ours. */
  acceptPong(data: Buffer): boolean {
    const text = data.toString('latin1');
    const at = this.#marks.findIndex(({ sequence }) => String(sequence) === text);
    const answered = this.#marks[at];
    if (!answered) return false;
    this.#marks.splice(0, at + 1);
    this.#readBytes = answered.bytes;
    this.#progressAtMs = this.#clock.nowMs();
    if (!this.#closed) this.#arm();
    return true;
  }

  /** Nothing is sent, and `onSlow` not called, after this. What was sent is on its way. */
  close(): void {
    this.#closed = true;
    this.#uncork();
    this.#timer?.cancel();
  }

  #send(bytes: Uint8Array, options: typeof TEXT | typeof BINARY): void {
    if (this.#closed) return;
    this.#cork();
    this.#socket.send(bytes, options);
    this.#sentBytes += bytes.byteLength;
    const unread = Math.max(this.#sentBytes - this.#readBytes, this.#socket.bufferedAmount);
    if (unread > MAX_UNREAD_BYTES) this.#slow(`${unread} bytes are unread`);
    else if (this.#sentBytes - this.#markedBytes >= PING_EVERY_BYTES) this.#ping();
  }

  /** Until the work in hand is done: what came of one event goes together. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#wire.cork();
    process.nextTick(this.#uncork);
  }

  #ping(): void {
    const atMs = this.#clock.nowMs();
    const waited = this.#dataWaits();
    this.#sequence += 1;
    this.#markedBytes = this.#sentBytes;
    this.#marks.push({ sequence: this.#sequence, bytes: this.#sentBytes, atMs });
    this.#socket.ping(String(this.#sequence));
    if (waited) return;
    this.#progressAtMs = atMs;
    this.#arm();
  }

  /** A ping with little before it is a keepalive: a client that sleeps for a moment misses nothing. */
  #dataWaits(): boolean {
    return this.#markedBytes - this.#readBytes >= PING_EVERY_BYTES;
  }

  #arm(): void {
    this.#timer?.cancel();
    const { unreadMs, pongTimeoutMs, pingIntervalMs } = this.#limits;
    const [oldest] = this.#marks;
    if (!oldest) {
      this.#timer = this.#clock.setTimer(pingIntervalMs, () => this.#ping());
      return;
    }
    const behindAtMs = oldest.atMs + pongTimeoutMs;
    const stalledAtMs = this.#dataWaits() ? this.#progressAtMs + unreadMs : Number.POSITIVE_INFINITY;
    const atMs = Math.min(behindAtMs, stalledAtMs);
    const detail =
      stalledAtMs < behindAtMs ? `nothing was read for ${unreadMs} ms` : `${pongTimeoutMs} ms behind`;
    this.#timer = this.#clock.setTimer(atMs - this.#clock.nowMs(), () => this.#slow(detail));
  }

  #slow(detail: string): void {
    if (this.#closed || this.#slowReported) return;
    this.#slowReported = true;
    this.#timer?.cancel();
    this.#onSlow(detail);
  }
}
