import { once } from 'node:events';
import type { Socket } from 'node:net';
import { encodeEvent, Framer, type WyomingEvent } from '../../../adapters/wyoming/framing.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import type { Door } from '../../door/door.ts';
import type { DoorLimits } from '../../door/limits.ts';
import { advisedMessage } from '../../door/retry-advice.ts';
import { TokenBucket } from '../../door/token-bucket.ts';
import { Downlink } from '../../door/websocket/downlink.ts';
import { type ClientEvent, type EventOf, parseEvent } from './events.ts';

/** Shorter chunks count as messages, so that a flood of them is noticed, ms. */
const MIN_CHUNK_MS = 10;

/** The owner of a link. What it throws closes the link as INTERNAL. */
export interface LinkOwner {
  /** Called once, first. */
  begin?(): void;
  event(event: Exclude<ClientEvent, EventOf<'ping' | 'pong'>>): void;
  /** The peer sends nothing more; it may still read. */
  ended(): void;
  /** The link closes or has closed. Called once. */
  closed(): void;
  /** The connection is gone; `error` closed it, if one did. */
  gone?(error: ErrorRecord | undefined): void;
}

/** One TCP connection of the Wyoming protocol, accepted or dialled: frames, limits, pings and slow readers. */
export class WyomingLink {
  readonly #socket: Socket;
  readonly #door: Door;
  readonly #owner: LinkOwner;
  readonly #framer = new Framer();
  readonly #messages: TokenBucket;
  readonly #downlink: Downlink;
  readonly #limits: { -readonly [Limit in keyof DoorLimits]: DoorLimits[Limit] };
  /** Id of the session behind it, if it has one. */
  session: string | undefined;
  /** Pings are events: the peer answers them. */
  #pings = false;
  #lastPing = '';
  #closed = false;
  #closedBy: ErrorRecord | undefined;
  #grace: TimerHandle | undefined;
  /** Runs until the event in progress is complete, or the next one begins. */
  #timer: TimerHandle | undefined;
  #timed: 'event' | 'pause' | undefined;

  constructor(socket: Socket, door: Door, makeOwner: (link: WyomingLink) => LinkOwner) {
    const { clock, limits } = door;
    this.#socket = socket;
    this.#door = door;
    this.#messages = new TokenBucket(clock, {
      burst: limits.messageBurst,
      perSecond: limits.messagesPerSecond,
    });
    // Who does not answer pings may read as slowly as it plays: kernels take audio in large pieces.
    this.#limits = { ...limits, unreadMs: limits.pongTimeoutMs };
    const outlet = {
      get bufferedAmount() {
        return socket.writableLength;
      },
      send: (bytes: Uint8Array) => void socket.write(bytes),
      ping: (text: string) => this.#ping(text),
    };
    const onSlow = (detail: string) => this.fail('SLOW_READER', detail);
    this.#downlink = new Downlink(outlet, socket, clock, this.#limits, onSlow);
    this.#owner = makeOwner(this);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => this.#guard(() => this.#owner.ended()));
    socket.on('error', (error) => door.log.info({ error: error.message }, 'wyoming connection error'));
    socket.on('close', () => {
      this.close();
      this.#grace?.cancel();
      this.#owner.gone?.(this.#closedBy);
    });
    this.#watch();
    this.#owner.begin?.();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The peer is a satellite, which answers pings. The first one makes it send its own. */
  expectPongs(): void {
    if (this.#pings) return;
    this.#pings = true;
    this.#limits.unreadMs = this.#door.limits.unreadMs;
    this.#timer?.cancel();
    this.send('ping');
  }

  send(type: string, data: object = {}, payload?: Uint8Array): void {
    const { counters } = this.#door;
    if (type === 'audio-chunk') counters.audioMessagesOut += 1;
    else counters.messagesOut += 1;
    this.#see('server', { type, data, payload });
    this.#downlink.sendBinary(encodeEvent(type, data, payload));
  }

  /** Reports an error; the connection stays open. */
  complain({ code, message }: ErrorRecord): void {
    this.send('error', { text: advisedMessage({ code, message, ...this.#door.adviceFor(code) }), code });
  }

  /** Reports the error and closes. */
  fail(code: ErrorCode, detail?: string): void {
    this.failWith(new ParleyError(code, detail));
  }

  failWith(error: ErrorRecord): void {
    if (this.#closed) return;
    this.complain(error);
    this.close(error);
  }

  /** Ends the connection after what was sent. */
  close(error?: ErrorRecord): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closedBy = error;
    this.#downlink.close();
    this.#timer?.cancel();
    const { clock, limits } = this.#door;
    this.#grace = clock.setTimer(limits.closeGraceMs, () => this.terminate());
    this.#socket.end();
    this.#owner.closed();
  }

  terminate(): void {
    this.#socket.destroy();
  }

  /** Resolves when the peer has room for more. Rejects when `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    if (this.#socket.writableNeedDrain) await once(this.#socket, 'drain', { signal });
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    this.#guard(() => {
      const problem = this.#framer.push(chunk, (event) => this.#take(event));
      if (problem) this.failWith(problem);
      else if (!this.#closed) this.#watch();
    });
  }

  #take(taken: WyomingEvent): void {
    if (this.#closed) return;
    this.#see('client', taken);
    const { event, code, why } = parseEvent(taken);
    if (!(event && isLongAudio(event)) && !this.#countMessage()) return;
    if (code) this.complain(new ParleyError(code, why));
    if (!event) return;
    if (event.type === 'ping') this.send('pong', { text: event.data.text ?? null });
    else if (event.type === 'pong')
      this.#downlink.acceptPong(Buffer.from(event.data.text || this.#lastPing, 'latin1'));
    else this.#owner.event(event);
  }

  #see(
    from: 'client' | 'server',
    event: { type: string; data: object; payload?: Uint8Array | undefined },
  ): void {
    const { type, data, payload } = event;
    this.#door.wire?.see(this.session, from, { type, ...data, payloadBytes: payload?.byteLength ?? 0 });
  }

  #countMessage(): boolean {
    this.#door.counters.messagesIn += 1;
    if (this.#messages.take(1)) return true;
    const { messagesPerSecond } = this.#door.limits;
    const { code, message } = new ParleyError(
      'TOO_FAST',
      `more than ${messagesPerSecond} events a second; send fewer and larger ones`,
    );
    this.failWith({ code, message });
    return false;
  }

  #ping(text: string): void {
    if (!this.#pings) {
      // The peer need not answer: what the kernel has taken counts as read.
      this.#socket.write('', () => this.#downlink.acceptPong(Buffer.from(text)));
      return;
    }
    this.#lastPing = text;
    this.#socket.write(encodeEvent('ping', { text }));
  }

  /** An event must be completed soon, and a peer that answers no pings must send one now and then. */
  #watch(): void {
    const what = this.#framer.isPartial ? 'event' : 'pause';
    if (what === 'event' && this.#timed === 'event') return;
    const { clock, limits } = this.#door;
    this.#timer?.cancel();
    this.#timed = what;
    const { pongTimeoutMs, idleMs } = limits;
    if (what === 'event')
      this.#timer = clock.setTimer(pongTimeoutMs, () =>
        this.fail('BAD_MESSAGE', `the event was not complete after ${pongTimeoutMs} ms`),
      );
    else if (!this.#pings) this.#timer = clock.setTimer(idleMs, () => this.fail('IDLE_TIMEOUT'));
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      const record = errorRecord(error, 'INTERNAL');
      this.#door.log.warn({ code: record.code, error: record.message }, 'a connection failed');
      this.failWith(record);
    }
  }
}

function isLongAudio({ type, data, payload }: ClientEvent): boolean {
  if (type !== 'audio-chunk') return false;
  const { rate, width, channels } = data;
  return payload.byteLength >= (MIN_CHUNK_MS * rate * width * channels) / 1_000;
}
