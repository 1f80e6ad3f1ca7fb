import {
  createInbox,
  errors,
  type Msg,
  headers as makeHeaders,
  type NatsConnection,
  type Status,
} from '@nats-io/transport-node';
import type { Bus, BusCounts, BusMessage, PublishOptions, Subscription } from '../../actors/ports/bus.ts';
import { NO_RESPONDERS_HEADERS } from '../../actors/ports/bus.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Backoff } from '../nats/backoff.ts';
import { endDial, stopReconnecting } from '../nats/closing.ts';
import { connectNats, type NatsConnectOptions } from '../nats/connect.ts';
import { checkMessage, checkPattern, checkSubject } from './subject.ts';

export interface NatsBusOptions extends NatsConnectOptions {
  /** Time limit of `drain` if the server does not answer, in ms. Default 1,000: a server that ends has 3,000 for all that remains. */
  readonly drainMs?: number;
  /** Called when the connection is lost, restored, or closed for good other than by `drain`. */
  readonly onStatus?: (status: 'disconnected' | 'reconnected' | 'closed') => void;
  /** Receives errors that the server reports, such as missing permissions. Default: writes them to stderr. */
  readonly onError?: (error: Error) => void;
  /** Called for each message that a receiver dropped because it could not be parsed. */
  readonly onMalformed?: (subject: string, what: string) => void;
  /** Receives the errors of handlers. Default: writes them to stderr. */
  readonly onHandlerError?: (error: unknown, subject: string) => void;
}

export interface NatsBus extends Bus {
  /** Messages dropped without a connection. NATS delivers at most once, and late audio is useless. */
  dropped(): number;
  /** Number of times the connection was lost and restored. */
  reconnects(): number;
  watch(onChange: (connected: boolean) => void): Subscription;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** A bus over a NATS server. Rejects with BUS_UNREACHABLE if the server cannot be reached now. Once connected it always reconnects and keeps its subscriptions. Messages published while disconnected are dropped and counted.
 */
export async function natsBus(options: NatsBusOptions): Promise<NatsBus> {
  const { connection, address, backoff } = await connectNats(options);
  return new NatsConnectionBus(connection, options, address.redacted, backoff);
}

class NatsConnectionBus implements NatsBus {
  readonly #connection: NatsConnection;
  readonly #redacted: string;
  readonly #inboxPrefix: string | undefined;
  readonly #backoff: Backoff;
  readonly #drainMs: number;
  readonly #onStatus: (status: 'disconnected' | 'reconnected' | 'closed') => void;
  readonly #onError: (error: Error) => void;
  readonly #onHandlerError: (error: unknown, subject: string) => void;
  readonly #waiting = new Set<(error: ParleyError) => void>();
  readonly #watchers = new Set<(connected: boolean) => void>();
  #link: 'up' | 'down' | 'closed' = 'up';
  #dropped = 0;
  #malformed = 0;
  readonly #onMalformed: NatsBusOptions['onMalformed'];
  #reconnects = 0;
  #drained: Promise<void> | undefined;

  constructor(connection: NatsConnection, options: NatsBusOptions, redacted: string, backoff: Backoff) {
    this.#connection = connection;
    this.#redacted = redacted;
    this.#inboxPrefix = options.login?.inbox;
    this.#backoff = backoff;
    this.#drainMs = options.drainMs ?? 1_000;
    this.#onMalformed = options.onMalformed;
    this.#onStatus = options.onStatus ?? (() => {});
    this.#onError = options.onError ?? ((error) => console.error('the NATS server reports:', error.message));
    this.#onHandlerError =
      options.onHandlerError ??
      ((error, subject) => console.error(`a bus handler failed on ${subject}:`, error));
    void this.#follow();
  }

  get maxPayload(): number {
    return this.#connection.info?.max_payload ?? 1_048_576;
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    if (this.#isClosed()) throw new ParleyError('BUS_CLOSED');
    checkSubject(subject);
    const headers = checkMessage(payload, options, this.maxPayload);
    if (this.#link === 'down') {
      this.#dropped++;
      return;
    }
    try {
      const encoded = encodeHeaders(headers);
      const reply = options?.reply;
      this.#connection.publish(subject, payload, {
        ...(encoded && { headers: encoded }),
        ...(reply !== undefined && { reply }),
      });
    } catch (error) {
      throw this.#mapped(error, subject);
    }
  }

  subscribe(
    pattern: string,
    handler: (message: BusMessage) => void,
    options?: { queue?: string },
  ): Subscription {
    if (this.#isClosed() || this.#drained) throw new ParleyError('BUS_CLOSED');
    const queue = options?.queue;
    checkPattern(pattern, queue);
    try {
      const subscription = this.#connection.subscribe(pattern, {
        ...(queue !== undefined && { queue }),
        // The library reads the socket in the same turn: an error of a callback would end the connection.
        callback: (error, message) => {
          if (error) this.#onError(error);
          else this.#handle(handler, message);
        },
      });
      return {
        unsubscribe: () => {
          if (!subscription.isClosed()) subscription.unsubscribe();
        },
      };
    } catch (error) {
      throw this.#mapped(error, pattern);
    }
  }

  async request(
    subject: string,
    payload: Uint8Array,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
  ): Promise<BusMessage> {
    if (this.#isClosed() || this.#drained) throw new ParleyError('BUS_CLOSED');
    checkSubject(subject);
    const headers = encodeHeaders(checkMessage(payload, options, this.maxPayload));
    return this.#unlessClosed(async () => {
      try {
        const timeout = Math.max(1, options.timeoutMs);
        const answer = await this.#connection.request(subject, payload, {
          timeout,
          ...(headers && { headers }),
        });
        return toBusMessage(answer);
      } catch (error) {
        throw this.#mapped(error, subject);
      }
    });
  }

  reportMalformed(subject: string, what: string): void {
    this.#malformed++;
    this.#onMalformed?.(subject, what);
  }

  inbox(): string {
    return createInbox(this.#inboxPrefix);
  }

  async flush(): Promise<void> {
    if (this.#isClosed()) throw new ParleyError('BUS_CLOSED');
    await this.#unlessClosed(async () => {
      try {
        await this.#connection.flush();
      } catch (error) {
        throw this.#mapped(error, 'flush');
      }
    });
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  counts(): BusCounts {
    const { outMsgs, inMsgs } = this.#connection.stats();
    return { published: outMsgs, delivered: inMsgs, malformed: this.#malformed };
  }

  connected(): boolean {
    return this.#link === 'up' && !this.#isClosed();
  }

  watch(onChange: (connected: boolean) => void): Subscription {
    // A new object, so that the same function given twice counts twice.
    const watcher = (connected: boolean) => onChange(connected);
    this.#watchers.add(watcher);
    return { unsubscribe: () => void this.#watchers.delete(watcher) };
  }

  dropped(): number {
    return this.#dropped;
  }

  reconnects(): number {
    return this.#reconnects;
  }

  async #drain(): Promise<void> {
    const connection = this.#connection;
    stopReconnecting(connection);
    if (this.#link === 'up' && !connection.isClosed()) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, this.#drainMs);
      });
      // A failed drain means that the connection is lost: only closing remains.
      await Promise.race([connection.drain().catch(() => {}), connection.closed(), late]);
      clearTimeout(timer);
    }
    if (!connection.isClosed()) await connection.close();
    endDial(connection);
    this.#closed();
  }

  /** Follows the connection's state until it is closed. */
  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) this.#note(status);
    await this.#connection.closed();
    this.#closed();
  }

  #note(status: Status): void {
    switch (status.type) {
      case 'disconnect':
        if (this.#link !== 'up') return;
        this.#link = 'down';
        this.#report('disconnected');
        return;
      case 'reconnecting':
        this.#backoff.attempted();
        return;
      case 'reconnect':
        this.#backoff.connected();
        this.#link = 'up';
        this.#reconnects++;
        this.#report('reconnected');
        return;
      case 'error':
        this.#onError(status.error);
        return;
      default:
    }
  }

  #closed(): void {
    if (this.#link === 'closed') return;
    this.#link = 'closed';
    for (const reject of this.#waiting) reject(new ParleyError('BUS_CLOSED'));
    this.#waiting.clear();
    if (this.#drained === undefined) this.#report('closed');
  }

  #report(status: 'disconnected' | 'reconnected' | 'closed'): void {
    this.#attempt(status, () => this.#onStatus(status));
    for (const watcher of [...this.#watchers]) this.#attempt(status, () => watcher(status === 'reconnected'));
  }

  #attempt(status: string, notify: () => void): void {
    try {
      notify();
    } catch (error) {
      this.#onHandlerError(error, `onStatus ${status}`);
    }
  }

  #isClosed(): boolean {
    return this.#link === 'closed' || this.#connection.isClosed();
  }

  #handle(handler: (message: BusMessage) => unknown, message: Msg): void {
    try {
      const result = handler(toBusMessage(message));
      if (result instanceof Promise) result.catch((error) => this.#onHandlerError(error, message.subject));
    } catch (error) {
      this.#onHandlerError(error, message.subject);
    }
  }

  /** Rejects with BUS_CLOSED on close. The library itself never settles some promises then. */
  async #unlessClosed<T>(work: () => Promise<T>): Promise<T> {
    let stop: (error: ParleyError) => void = () => {};
    const closed = new Promise<never>((_, reject) => {
      stop = reject;
    });
    this.#waiting.add(stop);
    try {
      return await Promise.race([work(), closed]);
    } finally {
      this.#waiting.delete(stop);
    }
  }

  #mapped(error: unknown, about: string): ParleyError {
    if (error instanceof ParleyError) return error;
    const reason = error instanceof errors.RequestError && error.cause ? error.cause : error;
    if (reason instanceof errors.NoRespondersError) {
      return new ParleyError('BUS_NO_RESPONDERS', about, { cause: error });
    }
    if (reason instanceof errors.TimeoutError) return new ParleyError('BUS_TIMEOUT', about, { cause: error });
    const isClosing =
      this.#drained !== undefined ||
      reason instanceof errors.ClosedConnectionError ||
      reason instanceof errors.DrainingConnectionError;
    if (isClosing || this.#isClosed()) return new ParleyError('BUS_CLOSED', undefined, { cause: error });
    return new ParleyError('BUS_UNREACHABLE', `${this.#redacted} (${about})`, { cause: error });
  }
}

function encodeHeaders(record: Readonly<Record<string, string>>) {
  let encoded: ReturnType<typeof makeHeaders> | undefined;
  for (const name in record) {
    encoded ??= makeHeaders();
    encoded.append(name, record[name] ?? '');
  }
  return encoded;
}

/** Copies the payload: it is a view of the socket's buffer, so a kept small message would retain the whole buffer. */
function toBusMessage(message: Msg): BusMessage {
  const { subject, reply } = message;
  const payload = new Uint8Array(message.data);
  const headers = decodeHeaders(message, payload.byteLength);
  return reply ? { subject, payload, headers, reply } : { subject, payload, headers };
}

function decodeHeaders(message: Msg, payloadBytes: number): Readonly<Record<string, string>> {
  const { headers } = message;
  if (!headers) return NO_HEADERS;
  if (headers.code === 503 && payloadBytes === 0) return NO_RESPONDERS_HEADERS;
  const record: Record<string, string> = {};
  for (const [name, values] of headers) record[name] = values[0] ?? '';
  return record;
}
