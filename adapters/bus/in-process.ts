import type { Bus, BusCounts, BusMessage, PublishOptions, Subscription } from '../../actors/ports/bus.ts';
import { NO_RESPONDERS_HEADERS, saysNoResponders } from '../../actors/ports/bus.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';
import { type Delivery, microtaskPump, type Pump } from './pump.ts';
import { checkMessage, checkPattern, checkSubject } from './subject.ts';
import { SubjectTree } from './subject-tree.ts';

export { type Delivery, type ManualPump, manualPump, microtaskPump, type Pump } from './pump.ts';

export interface InProcessBusOptions {
  /** Largest message in bytes, headers included. 1,048,576, as a NATS server has it. */
  readonly maxPayload?: number;
  /** Beginning of its inboxes' names. Default `_INBOX`. */
  readonly inboxes?: string;
  /** Schedules the deliveries. Default: a microtask pump; tests and simulations control the order with their own. */
  readonly pump?: Pump;
  /** Clock for the time-out of `request`. Default: real time. */
  readonly clock?: Clock;
  /** Called for each message that a receiver dropped because it could not be parsed. */
  readonly onMalformed?: (subject: string, what: string) => void;
  /** Receives the errors of handlers. Default: writes them to stderr. */
  readonly onHandlerError?: (error: unknown, subject: string) => void;
}

const NOTHING = new Uint8Array(0);

/** A bus within one process, with the semantics of NATS. The receivers of a message are chosen when it is published. A receiver that unsubscribes before the delivery does not get it, and another member of its queue group does not either. A queue group is served in turn (NATS: at random).
 *
 * Gotcha: payload and headers are passed on by reference. A publisher must not change them after publishing, nor a
 * receiver what it got.
 */
export function inProcessBus(options: InProcessBusOptions = {}): Bus {
  return new InProcessBus(options);
}

/** The members of a queue under all patterns: like NATS, they are one group for each message. */
interface QueueGroup {
  members: number;
  turn: number;
}

class InProcessBus implements Bus {
  readonly maxPayload: number;
  readonly #inboxNames: string;
  readonly #pump: Pump;
  readonly #clock: Clock;
  readonly #onHandlerError: (error: unknown, subject: string) => void;
  readonly #tree = new SubjectTree<Receiver>();
  readonly #groups = new Map<string, QueueGroup>();
  readonly #requests = new Set<(error: ParleyError) => void>();
  #inboxes = 0;
  #published = 0;
  #malformed = 0;
  readonly #onMalformed: InProcessBusOptions['onMalformed'];
  #delivered = 0;
  #state: 'open' | 'draining' | 'closed' = 'open';
  #drained: Promise<void> | undefined;

  constructor(options: InProcessBusOptions) {
    this.maxPayload = options.maxPayload ?? 1_048_576;
    this.#inboxNames = options.inboxes ?? '_INBOX';
    this.#pump = options.pump ?? microtaskPump();
    this.#clock = options.clock ?? realClock;
    this.#onMalformed = options.onMalformed;
    this.#onHandlerError =
      options.onHandlerError ??
      ((error, subject) => console.error(`a bus handler failed on ${subject}:`, error));
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    if (this.#state === 'closed') throw new ParleyError('BUS_CLOSED');
    // A known subject has been validated before.
    if (!this.#tree.known(subject)) checkSubject(subject);
    const headers = checkMessage(payload, options, this.maxPayload);
    this.#published++;
    const reply = options?.reply;
    const message: BusMessage =
      reply === undefined ? { subject, payload, headers } : { subject, payload, headers, reply };
    if (this.#send(message) === 0 && reply !== undefined) {
      this.#send({ subject: reply, payload: NOTHING, headers: NO_RESPONDERS_HEADERS });
    }
  }

  subscribe(
    pattern: string,
    handler: (message: BusMessage) => void,
    options?: { queue?: string },
  ): Subscription {
    if (this.#state !== 'open') throw new ParleyError('BUS_CLOSED');
    const queue = options?.queue;
    checkPattern(pattern, queue);
    const group = queue === undefined ? undefined : this.#join(queue);
    const receiver = new Receiver(pattern, handler, group, this.#onHandlerError);
    this.#tree.add(pattern, receiver);
    return {
      unsubscribe: () => {
        if (!receiver.active) return;
        receiver.active = false;
        this.#tree.remove(pattern, receiver);
        if (queue !== undefined && group && --group.members === 0) this.#groups.delete(queue);
      },
    };
  }

  async request(
    subject: string,
    payload: Uint8Array,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
  ): Promise<BusMessage> {
    if (this.#state !== 'open') throw new ParleyError('BUS_CLOSED');
    const reply = this.inbox();
    const { promise, resolve, reject } = withResolvers<BusMessage>();
    const subscription = this.subscribe(reply, (message) => {
      if (saysNoResponders(message)) reject(new ParleyError('BUS_NO_RESPONDERS', subject));
      else resolve(message);
    });
    const timer = this.#clock.setTimer(options.timeoutMs, () =>
      reject(new ParleyError('BUS_TIMEOUT', `${subject} after ${options.timeoutMs} ms`)),
    );
    this.#requests.add(reject);
    try {
      this.publish(subject, payload, { reply, ...(options.headers && { headers: options.headers }) });
      return await promise;
    } finally {
      this.#requests.delete(reject);
      timer.cancel();
      subscription.unsubscribe();
    }
  }

  listened(subject: string): boolean {
    return this.#tree.match(subject).length > 0;
  }

  reportMalformed(subject: string, what: string): void {
    this.#malformed++;
    this.#onMalformed?.(subject, what);
  }

  inbox(): string {
    return `${this.#inboxNames}.${this.#inboxes++}`;
  }

  async flush(): Promise<void> {
    if (this.#state === 'closed') throw new ParleyError('BUS_CLOSED');
    await this.#pump.flush();
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  counts(): BusCounts {
    return { published: this.#published, delivered: this.#delivered, malformed: this.#malformed };
  }

  connected(): boolean {
    return this.#state !== 'closed';
  }

  async #drain(): Promise<void> {
    this.#state = 'draining';
    await this.#pump.drain();
    this.#state = 'closed';
    for (const reject of this.#requests) reject(new ParleyError('BUS_CLOSED'));
  }

  #join(queue: string): QueueGroup {
    let group = this.#groups.get(queue);
    if (!group) {
      group = { members: 0, turn: 0 };
      this.#groups.set(queue, group);
    }
    group.members++;
    return group;
  }

  #push(target: Receiver, message: BusMessage): void {
    this.#delivered++;
    this.#pump.push(new PendingDelivery(target, message));
  }

  /** Passes the message to the pump for each receiver and returns their number. */
  #send(message: BusMessage): number {
    const targets = this.#tree.match(message.subject);
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index];
      if (target && (!target.group || isTurnOf(target.group, targets, index))) this.#push(target, message);
    }
    return targets.length;
  }
}

/** True for the group member whose turn it is. Called in order for each member among the targets. */
function isTurnOf(group: QueueGroup, targets: readonly Receiver[], index: number): boolean {
  let before = 0;
  let members = 0;
  for (let i = 0; i < targets.length; i++) {
    if (targets[i]?.group !== group) continue;
    if (i < index) before++;
    members++;
  }
  if (before === 0) group.turn++;
  return group.turn % members === before;
}

class Receiver {
  active = true;
  readonly pattern: string;
  readonly group: QueueGroup | undefined;
  readonly #handler: (message: BusMessage) => unknown;
  readonly #onError: (error: unknown, subject: string) => void;

  constructor(
    pattern: string,
    handler: (message: BusMessage) => unknown,
    group: QueueGroup | undefined,
    onError: (error: unknown, subject: string) => void,
  ) {
    this.pattern = pattern;
    this.group = group;
    this.#handler = handler;
    this.#onError = onError;
  }

  receive(message: BusMessage): void {
    if (!this.active) return;
    try {
      const result = this.#handler(message);
      if (result instanceof Promise) result.catch((error) => this.#onError(error, message.subject));
    } catch (error) {
      this.#onError(error, message.subject);
    }
  }
}

class PendingDelivery implements Delivery {
  readonly #receiver: Receiver;
  readonly #message: BusMessage;

  constructor(receiver: Receiver, message: BusMessage) {
    this.#receiver = receiver;
    this.#message = message;
  }

  get subject() {
    return this.#message.subject;
  }
  get pattern() {
    return this.#receiver.pattern;
  }
  get payload() {
    return this.#message.payload;
  }
  get headers() {
    return this.#message.headers;
  }
  deliver(): void {
    this.#receiver.receive(this.#message);
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
