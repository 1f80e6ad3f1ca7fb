import type { Duplex } from 'node:stream';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import {
  type ErrorCode,
  type ErrorRecord,
  errorRecord,
  ParleyError,
  type RetryAdvice,
} from '../../../machines/errors.ts';
import type { Door } from '../door.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { Visit, Visitor } from '../visitor.ts';
import { closeCodeOf } from './close-codes.ts';
import { Downlink } from './downlink.ts';
import type { ServerSocket } from './server-socket.ts';

/** What is read of a client on hold, bytes: more than one that waits for `ready` sends. */
const MAX_HELD_BYTES = 64 * 1_024;

/** The protocol on a client's WebSocket. What it throws closes the socket as INTERNAL. */
export interface SocketProtocol {
  /** The socket is registered at the door. Called once, first, for a protocol whose client need not speak first. */
  begin?(): void;
  /** A text message. The protocol calls `countMessage` for it. */
  text(text: string): void;
  binary(bytes: Buffer): void;
  /** Sends the error in the protocol's own way; the socket closes after it. */
  fatal(error: ErrorRecord & RetryAdvice): void;
  /** The socket closes or has closed, with this code and reason: the session is of no use any more. Called once. */
  closed(code: number, reason: string): void;
}

/**
 * One WebSocket of a client at the door: limits, slow readers, pings and the closing handshake, which every protocol
 * shares. A failure affects only this connection.
 */
export class ClientSocket {
  readonly downlink: Downlink;
  /** Network address of the client. */
  readonly address: string;
  readonly #socket: ServerSocket;
  readonly #door: Door;
  #protocol: SocketProtocol;
  readonly #messages: TokenBucket;
  readonly #visit: Visit;
  #closed = false;
  /** What had been read of the client when it was put on hold. */
  #held: { readonly data: Buffer; readonly isBinary: boolean }[] | undefined;
  #heldBytes = 0;
  /** Id of the session behind it. */
  #session: string | undefined;
  /** The timer of the closing handshake. */
  #timer: TimerHandle | undefined;
  /** The close code that we sent, if any. */
  #closeCode: number | undefined;

  /** `wire` is what `socket` writes to. */
  constructor(
    socket: ServerSocket,
    wire: Duplex,
    from: Pick<Visitor, 'address' | 'relayed'>,
    door: Door,
    maxMessageBytes: number,
    makeProtocol: (socket: ClientSocket) => SocketProtocol,
  ) {
    const { clock, limits, log } = door;
    this.address = from.address;
    this.#socket = socket;
    this.#door = door;
    this.#messages = new TokenBucket(clock, {
      burst: limits.messageBurst,
      perSecond: limits.messagesPerSecond,
    });
    this.downlink = new Downlink(
      socket,
      wire,
      clock,
      limits,
      (detail) => this.fail('SLOW_READER', detail),
      (bytes, isBinary) => door.wire?.see(this.#session, 'server', bytes, isBinary),
    );
    this.#protocol = makeProtocol(this);
    socket.onUnreadable = (oversize) => {
      if (oversize)
        this.fail('TOO_LARGE', `a message may have at most ${maxMessageBytes} bytes; send smaller ones`);
      else this.fail('BAD_MESSAGE', 'the frame is not as RFC 6455 wants it');
    };
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => this.countMessage());
    socket.on('pong', (data) => {
      if (!this.downlink.acceptPong(data)) this.countMessage();
    });
    socket.on('error', (error) =>
      log.info({ session: this.#session, error: error.message }, 'websocket error'),
    );
    socket.on('close', (code) => this.#onSocketClosed(code));
    this.#visit = door.arrive({
      ...from,
      refuse: (code, detail) => this.fail(code, detail),
      terminate: () => {
        this.fail('DRAINING');
        socket.terminate();
      },
    });
    this.#protocol.begin?.();
  }

  get clock(): Clock {
    return this.#door.clock;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The client has a session, here or elsewhere, and no longer counts as waiting. */
  admitted(session?: string): void {
    this.#session = session;
    this.#visit.admitted();
  }

  /** Gives the client to another protocol; returns the previous one. */
  become(protocol: SocketProtocol): SocketProtocol {
    const before = this.#protocol;
    this.#protocol = protocol;
    return before;
  }

  /**
   * Keeps what the client sends until `proceed`. Its socket is read on for a little, as only a socket that is read shows that its
   * client has left. Do not hold it for long: slow readers are found by what they send.
   */
  hold(): void {
    if (this.#held || this.#closed) return;
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** Ends a hold. What was read before reaches the protocol first. */
  proceed(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#socket.resume();
    for (const { data, isBinary } of held) this.#receive(data, isBinary);
  }

  /** Ends the connection without a close frame, as a lost network does. */
  cut(): void {
    this.#socket.terminate();
  }

  /** Sends the client the error and closes. `detail` is added to the catalogue's message. */
  fail(code: ErrorCode, detail?: string): void {
    this.failWith(errorRecord(new ParleyError(code, detail), 'INTERNAL'));
  }

  failWith(error: ErrorRecord & RetryAdvice): void {
    if (this.#closed) return;
    this.#protocol.fatal({ ...error, ...this.#door.adviceFor(error.code) });
    this.close(closeCodeOf(error.code), error.code);
  }

  /** Returns false and closes the connection if there are too many messages. */
  countMessage(): boolean {
    if (this.#closed) return false;
    this.#door.counters.messagesIn += 1;
    if (this.#messages.take(1)) return true;
    const { messagesPerSecond } = this.#door.limits;
    this.fail('TOO_FAST', `more than ${messagesPerSecond} messages a second; send fewer and larger ones`);
    return false;
  }

  /** Starts the closing handshake and releases everything; the socket's `close` event follows. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeCode = code;
    this.downlink.close();
    // Else the answer to the close frame would not be read.
    if (this.#held) this.#socket.resume();
    this.#protocol.closed(code, reason);
    const { clock, limits } = this.#door;
    this.#timer = clock.setTimer(limits.closeGraceMs, () => this.#socket.terminate());
    this.#socket.close(code, reason);
  }

  #receive(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    if (this.#closed || !Buffer.isBuffer(data)) return;
    if (this.#held) {
      this.#held.push({ data, isBinary });
      this.#heldBytes += data.byteLength;
      if (this.#heldBytes > MAX_HELD_BYTES) this.#socket.pause();
      return;
    }
    this.#door.wire?.see(this.#session, 'client', data, isBinary);
    try {
      if (isBinary) this.#protocol.binary(data);
      else this.#protocol.text(data.toString());
    } catch (error) {
      const record = errorRecord(error, 'INTERNAL');
      this.#door.log.warn(
        { session: this.#session, code: record.code, error: record.message },
        'a connection failed',
      );
      this.failWith(record);
    }
  }

  #onSocketClosed(code: number): void {
    this.close(code, '');
    this.#timer?.cancel();
    this.#visit.left(this.#closeCode ?? code);
  }
}
