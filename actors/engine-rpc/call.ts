import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { AsyncQueue } from '../async-queue.ts';
import { type Bus, type BusMessage, saysNoResponders } from '../ports/bus.ts';
import type { EngineRequest } from './client.ts';
import { Pulse, Watchdog } from './liveness.ts';
import type { WorkOptions } from './options.ts';
import { errorOf, FAILED, isInbox, NO_PAYLOAD, numberIn, type UpType } from './protocol.ts';

/** Cost of an event in the queue besides its payload, so that empty events are bounded too. */
const EVENT_BYTES = 64;

/** One request on the client's side. */
export class Call<Event> {
  /** The engine's events, ending as the engine did. */
  readonly events = new AsyncQueue<Event>();
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #options: WorkOptions;
  readonly #request: EngineRequest<Event>;
  readonly #watchdog: Watchdog;
  #pulse: Pulse | undefined;
  #uplink: string | undefined;
  readonly #onOver: () => void;
  #received = 0;
  #sent = 0;
  #over = false;

  constructor(
    bus: Bus,
    clock: Clock,
    options: WorkOptions,
    request: EngineRequest<Event>,
    onOver: () => void,
  ) {
    this.#onOver = onOver;
    this.#bus = bus;
    this.#clock = clock;
    this.#options = options;
    this.#request = request;
    this.#watchdog = new Watchdog(clock, options.acceptMs, () => this.#lost());
  }

  /** True once the last event arrived or the call failed. */
  get over(): boolean {
    return this.#over;
  }

  receive(message: BusMessage): void {
    if (this.#over) return;
    this.#watchdog.heard();
    if (saysNoResponders(message)) {
      this.fail(new ParleyError('ENGINE_NO_WORKER', this.#name()));
      return;
    }
    switch (message.headers.type) {
      case 'accepted':
      // A beat carries the uplink too: it replaces an acceptance that was lost.
      case 'beat':
        this.#accept(message);
        return;
      case 'data':
        this.#inOrder(message, () => this.#take(message));
        return;
      case 'end':
        this.#inOrder(message, () => {
          this.#finish();
          this.events.end();
        });
        return;
      case 'error':
        this.#inOrder(message, () => this.#takeError(message));
        return;
      default:
        this.#malformed(
          message,
          new ParleyError('ENGINE_PROTOCOL', `${this.#name()} sent a ${message.headers.type} message`),
        );
    }
  }

  /** Sends a piece of the utterance, or its end, to the worker. */
  sendInOrder(type: 'audio' | 'finish', payload: Uint8Array): void {
    this.#send(type, payload, { seq: String(this.#sent++) });
  }

  /** Fails after the events that already arrived. Cancels the request at the worker. */
  fail(error: ParleyError): void {
    if (this.#over) return;
    this.close();
    this.events.fail(error);
  }

  /** Fails at once, even if unread events remain. Cancels the request at the worker. */
  abort(error: ParleyError): void {
    this.close();
    this.events.abort(error);
  }

  /** Cancels the request at the worker unless it has ended. Idempotent. */
  close(): void {
    if (this.#over) return;
    this.#publish('cancel', NO_PAYLOAD);
    this.#finish();
  }

  #accept(message: BusMessage): void {
    const { uplink } = message.headers;
    if (this.#uplink !== undefined) return;
    if (uplink === undefined || !isInbox(uplink)) {
      this.#malformed(
        message,
        new ParleyError('ENGINE_PROTOCOL', `${this.#name()} accepted without an uplink`),
      );
      return;
    }
    this.#uplink = uplink;
    this.#watchdog.expect(this.#options.lostMs);
    this.#pulse = new Pulse(this.#clock, this.#options.aliveMs, () => this.#send('alive', NO_PAYLOAD));
    this.#request.onAccepted?.(this);
  }

  #malformed(message: BusMessage, error: ParleyError): void {
    this.#bus.reportMalformed?.(message.subject, error.message);
    this.fail(error);
  }

  #take(message: BusMessage): void {
    const { maxQueuedBytes } = this.#options;
    const bytes = message.payload.byteLength + EVENT_BYTES;
    if (this.events.bytes + bytes > maxQueuedBytes) {
      this.fail(new ParleyError('ENGINE_OVERLOADED', `more than ${maxQueuedBytes} bytes wait to be read`));
      return;
    }
    try {
      this.events.push(this.#request.decode(message), bytes);
    } catch (error) {
      this.#malformed(message, asProtocolError(error));
    }
  }

  #takeError(message: BusMessage): void {
    try {
      const error = errorOf(message, FAILED[this.#request.kind]);
      this.#finish();
      this.events.fail(error);
    } catch (error) {
      this.#malformed(message, asProtocolError(error));
    }
  }

  #inOrder(message: BusMessage, take: () => void): void {
    const seq = numberIn(message, 'seq');
    const isRefusal = message.headers.type === 'error' && seq === 0;
    if (this.#uplink === undefined && !isRefusal) {
      this.fail(new ParleyError('ENGINE_PROTOCOL', `${this.#name()} answered before it accepted`));
    } else if (seq === this.#received) {
      this.#received++;
      take();
    } else if (seq === undefined || seq > this.#received) {
      this.fail(
        new ParleyError(
          'ENGINE_PROTOCOL',
          `message ${this.#received} of ${this.#name()} is missing before ${seq}`,
        ),
      );
    }
  }

  #send(type: UpType, payload: Uint8Array, headers?: Readonly<Record<string, string>>): void {
    if (this.#over) return;
    this.#pulse?.heard();
    const error = this.#publish(type, payload, headers);
    if (!error) return;
    this.#finish();
    this.events.fail(error);
  }

  #publish(
    type: UpType,
    payload: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): ParleyError | undefined {
    if (this.#uplink === undefined) return undefined;
    try {
      this.#bus.publish(this.#uplink, payload, { headers: { type, ...headers } });
      return undefined;
    } catch (error) {
      return asProtocolError(error);
    }
  }

  #lost(): void {
    const { acceptMs, lostMs } = this.#options;
    const detail =
      this.#uplink === undefined ? `not accepted within ${acceptMs} ms` : `silent for ${lostMs} ms`;
    this.fail(new ParleyError('ENGINE_LOST', `${this.#name()} ${detail}`));
  }

  #finish(): void {
    this.#over = true;
    this.#watchdog.stop();
    this.#pulse?.stop();
    this.#onOver();
  }

  #name(): string {
    return `${this.#request.kind} ${this.#request.name}`;
  }
}

function asProtocolError(error: unknown): ParleyError {
  return error instanceof ParleyError
    ? error
    : new ParleyError('ENGINE_PROTOCOL', undefined, { cause: error });
}
