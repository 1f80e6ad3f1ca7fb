import type { Duplex } from 'node:stream';
import type { LoopClock, TimerHandle } from '../../../machines/clock.ts';
import type { DoorLimits } from '../limits.ts';

/** Bytes after which a ping is sent: a third of a second of audio at 24 kHz. */
const PING_EVERY_BYTES = 16_384;
/** Maximum unread bytes, so that one client cannot fill the memory: 80 s of audio at 24 kHz. */
const MAX_UNREAD_BYTES = 4 * 1_024 * 1_024;

const TEXT = { binary: false, compress: false } as const;
const BINARY = { binary: true, compress: false } as const;

/** An unanswered ping. Its pong confirms that everything before it was read. */
interface Mark {
  readonly sequence: number;
  /** Bytes sent before it. */
  readonly bytes: number;
  readonly atMs: number;
  /** Called when the client has answered it, or a later one. */
  readonly onAnswer: (() => void) | undefined;
}

/** What a downlink writes to: a WebSocket, or another transport that can find out whether its peer reads. */
export interface Outlet {
  /** Bytes that are not with the kernel yet. */
  readonly bufferedAmount: number;
  send(bytes: Uint8Array, options: { readonly binary: boolean; readonly compress: boolean }): void;
  /** The peer sends the text back when it has read what was sent before. */
  ping(text: string): void;
}

/** Sends to the client and detects slow readers. Both kernels buffer megabytes that a stalled client has not read, and `bufferedAmount` does not include them. So numbered pings are sent between the data, and their pongs show how far the client has read. A client is too slow if it reads nothing for `unreadMs` while a ping with data before it waits, or if it is `pongTimeoutMs` behind. The amount sent at once does not matter.
 * Data sent in the same turn goes to the kernel in one write, because a write costs more than everything else about a
 * frame.
 */
export class Downlink {
  readonly #socket: Outlet;
  readonly #wire: Duplex;
  readonly #clock: LoopClock;
  readonly #limits: Pick<DoorLimits, 'unreadMs' | 'pongTimeoutMs' | 'pingIntervalMs'>;
  readonly #onSlow: (detail: string) => void;
  readonly #onSend: (bytes: Uint8Array, isBinary: boolean) => void;
  readonly #marks: Mark[] = [];
  #sentBytes = 0;
  #readBytes = 0;
  #markedBytes = 0;
  #sequence = 0;
  /** Time of the last pong that showed progress. */
  #progressAtMs = 0;
  /** Timer of the next keepalive, or of the moment at which the client becomes too slow. */
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
    socket: Outlet,
    wire: Duplex,
    clock: LoopClock,
    limits: Pick<DoorLimits, 'unreadMs' | 'pongTimeoutMs' | 'pingIntervalMs'>,
    onSlow: (detail: string) => void,
    onSend: (bytes: Uint8Array, isBinary: boolean) => void = () => {},
  ) {
    this.#socket = socket;
    this.#wire = wire;
    this.#clock = clock;
    this.#limits = limits;
    this.#onSlow = onSlow;
    this.#onSend = onSend;
    this.#arm();
  }

  sendMessage(message: object): void {
    this.sendText(Buffer.from(JSON.stringify(message)));
  }

  /** UTF-8. */
  sendText(bytes: Uint8Array): void {
    this.#send(bytes, TEXT);
  }

  sendBinary(bytes: Uint8Array): void {
    this.#send(bytes, BINARY);
  }

  /** Hands what waits for the end of the turn to the kernel now. */
  flush(): void {
    this.#uncork();
  }

  /** Returns false if this does not answer one of our pings. */
  acceptPong(data: Buffer): boolean {
    const text = data.toString('latin1');
    const at = this.#marks.findIndex(({ sequence }) => String(sequence) === text);
    const answered = this.#marks[at];
    if (!answered) return false;
    for (const { onAnswer } of this.#marks.splice(0, at + 1)) onAnswer?.();
    this.#readBytes = answered.bytes;
    this.#progressAtMs = this.#clock.nowMs();
    if (!this.#closed) this.#arm();
    return true;
  }

  /** Resolves when the client has answered a ping that is sent now; never if it is gone. */
  answered(): Promise<void> {
    return new Promise((resolve) => this.#ping(resolve));
  }

  /** After this, nothing is sent and `onSlow` is not called. Data already sent is still delivered. */
  close(): void {
    this.#closed = true;
    this.#uncork();
    this.#timer?.cancel();
  }

  #send(bytes: Uint8Array, options: typeof TEXT | typeof BINARY): void {
    if (this.#closed) return;
    this.#cork();
    this.#socket.send(bytes, options);
    this.#onSend(bytes, options === BINARY);
    this.#sentBytes += bytes.byteLength;
    const unread = Math.max(this.#sentBytes - this.#readBytes, this.#socket.bufferedAmount);
    if (unread > MAX_UNREAD_BYTES) this.#slow(`${unread} bytes are unread`);
    else if (this.#sentBytes - this.#markedBytes >= PING_EVERY_BYTES) this.#ping();
  }

  /** Buffers writes until the end of the current turn, so that the results of one event go out together. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#wire.cork();
    process.nextTick(this.#uncork);
  }

  #ping(onAnswer?: () => void): void {
    const atMs = this.#clock.nowMs();
    const waited = this.#dataWaits();
    this.#sequence += 1;
    this.#markedBytes = this.#sentBytes;
    this.#marks.push({ sequence: this.#sequence, bytes: this.#sentBytes, atMs, onAnswer });
    this.#socket.ping(String(this.#sequence));
    if (waited) return;
    this.#progressAtMs = atMs;
    this.#arm();
  }

  /**
   * True if a ping with data before it waits. A keepalive ping does not count, so a client may stall while nothing is
   * sent.
   */
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
    this.#timer = this.#clock.setTimer(atMs - this.#clock.nowMs(), () => void this.#judge(detail));
  }

  /** A stall of this process delays pongs too: reads those that have arrived before it calls the client slow. */
  async #judge(detail: string): Promise<void> {
    const timer = this.#timer;
    await this.#clock.nextTurn();
    if (this.#timer === timer) this.#slow(detail);
  }

  #slow(detail: string): void {
    if (this.#closed || this.#slowReported) return;
    this.#slowReported = true;
    this.#timer?.cancel();
    this.#onSlow(detail);
  }
}
