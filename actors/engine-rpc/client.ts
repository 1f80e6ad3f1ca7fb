import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { cancelled, throwIfAborted } from '../cancellation.ts';
import type { Bus, BusMessage } from '../ports/bus.ts';
import { type EngineKind, isOwnWork, subjects } from '../subjects.ts';
import { Call } from './call.ts';
import type { WorkOptions } from './options.ts';
import { isInbox, NO_PAYLOAD, type RpcScope } from './protocol.ts';

/** One request to an engine. */
export interface EngineRequest<Event> {
  readonly kind: EngineKind;
  readonly name: string;
  readonly scope: RpcScope;
  readonly payload: Uint8Array;
  /** Turns a data message into an event. Throws ENGINE_PROTOCOL. */
  decode(message: BusMessage): Event;
  /** Called once, when a worker has accepted. */
  onAccepted?(call: Call<Event>): void;
  /** Called once, when nothing more is sent or received. */
  onOver?(): void;
}

/**
 * Requests an engine over the bus and yields its events. Throws ENGINE_NO_WORKER, ENGINE_LOST, ENGINE_PROTOCOL,
 * ENGINE_OVERLOADED, CANCELLED, the bus's errors and the engine's own error.
 */
export async function* callEngine<Event>(
  bus: Bus,
  clock: Clock,
  options: WorkOptions,
  request: EngineRequest<Event>,
  signal: AbortSignal,
): AsyncGenerator<Event, void, undefined> {
  throwIfAborted(signal);
  const inbox = inboxOf(bus);
  const id = inbox.nextId();
  const call = new Call<Event>(bus, clock, options, request, () => {
    inbox.calls.delete(id);
    request.onOver?.();
  });
  const onAbort = () => call.abort(cancelled(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  inbox.calls.set(id, call);
  try {
    const subject = subjects.work(request.kind, request.name);
    bus.publish(subject, request.payload, {
      reply: `${inbox.subject}.${id}`,
      headers: {
        session: request.scope.session,
        generation: String(request.scope.generation),
        request: id,
        ...(request.scope.traceparent !== undefined && { traceparent: request.scope.traceparent }),
      },
    });
    if (!bus.connected() && !isOwnWork(subject))
      throw new ParleyError('ENGINE_LOST', 'the bus is not connected');
    yield* call.events;
  } finally {
    signal.removeEventListener('abort', onAbort);
    call.close();
  }
}

interface Receiver {
  receive(message: BusMessage): void;
}

/** The one subscription of a bus that receives all answers. It lives as long as the bus. */
class Inbox {
  readonly subject: string;
  readonly calls = new Map<string, Receiver>();
  readonly #bus: Bus;
  #ids = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.subject = bus.inbox();
    bus.subscribe(`${this.subject}.*`, (message) => this.#receive(message));
  }

  nextId(): string {
    return String(this.#ids++);
  }

  #receive(message: BusMessage): void {
    const call = this.calls.get(message.subject.slice(this.subject.length + 1));
    if (call) call.receive(message);
    else this.#stop(message);
  }

  /** Cancels a worker that still works for a finished call: it missed its `cancel`, or accepted too late to get one. */
  #stop(message: BusMessage): void {
    const { type, uplink } = message.headers;
    // Other messages for a finished call were already under way when it ended.
    if ((type !== 'accepted' && type !== 'beat') || uplink === undefined || !isInbox(uplink)) return;
    try {
      this.#bus.publish(uplink, NO_PAYLOAD, { headers: { type: 'cancel' } });
    } catch {
      // The bus is closed or the message names no subject: the worker will time out.
    }
  }
}

const inboxes = new WeakMap<Bus, Inbox>();

function inboxOf(bus: Bus): Inbox {
  let inbox = inboxes.get(bus);
  if (!inbox) {
    inbox = new Inbox(bus);
    inboxes.set(bus, inbox);
  }
  return inbox;
}
