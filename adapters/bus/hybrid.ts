import { randomUUID } from 'node:crypto';
import type { Bus, BusCounts, BusMessage, PublishOptions, Subscription } from '../../actors/ports/bus.ts';
import { isCopy, isOwnWork } from '../../actors/subjects.ts';
import type { Clock } from '../../machines/clock.ts';
import { realClock } from '../real-clock.ts';
import { inProcessBus } from './in-process.ts';
import { Interest } from './interest.ts';
import { type NatsBus, type NatsBusOptions, natsBus } from './nats.ts';
import { hasWildcard } from './subject.ts';
import { SubjectTree } from './subject-tree.ts';

export interface HybridBusOptions extends Omit<NatsBusOptions, 'echo'> {
  /** Clock of the time-outs and announcements. Default: real time. */
  readonly clock?: Clock;
}

/** How the subjects of sessions begin. */
const SESSIONS = ['parley', 'v1', 's'];
const NOTHING: BusCounts = { published: 0, delivered: 0, malformed: 0 };
/** Queue groups of which a member has a message already: members elsewhere leave it alone. */
const TAKEN = 'Parley-Taken';

/**
 * A bus over a NATS server on which what has its subscriber in this process is delivered here. The broker sees
 * what others may want: control, presence, requests to engines elsewhere, and copies of a session that a subscriber asked
 * for (`Interest`). What only this process can answer never leaves it: its inboxes and its own engines, which therefore
 * work without the broker.
 *
 * Rejects with BUS_UNREACHABLE, like `natsBus`. Gotcha: payloads may be passed on by reference, as on the in-process bus.
 */
export async function hybridBus(options: HybridBusOptions): Promise<NatsBus> {
  return new HybridBus(await natsBus({ ...options, echo: false }), options);
}

class HybridBus implements NatsBus {
  readonly #broker: NatsBus;
  readonly #local: Bus;
  readonly #interest: Interest;
  /** Queue groups with members here. */
  readonly #groups = new SubjectTree<string>();
  readonly #inboxes: string;
  #drained: Promise<void> | undefined;

  constructor(broker: NatsBus, { clock = realClock, onHandlerError, login }: HybridBusOptions) {
    const id = randomUUID();
    this.#broker = broker;
    this.#inboxes = `${login?.inbox ?? '_INBOX'}.${id}`;
    this.#local = inProcessBus({
      ...{ clock, maxPayload: broker.maxPayload, inboxes: this.#inboxes },
      ...(onHandlerError && { onHandlerError }),
    });
    this.#interest = new Interest(broker, id, clock);
  }

  get maxPayload(): number {
    return this.#broker.maxPayload;
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    const here = this.#local.listened?.(subject) === true;
    const stays = this.#stays(subject);
    if (!stays) this.#broker.publish(subject, payload, here ? this.#forOthers(subject, options) : options);
    if (here || stays) this.#local.publish(subject, payload, options);
  }

  subscribe(
    pattern: string,
    handler: (message: BusMessage) => void,
    options?: { queue?: string },
  ): Subscription {
    const { queue } = options ?? {};
    const fromBroker = this.#broker.subscribe(
      pattern,
      (message) => receive(message, handler, queue),
      options,
    );
    const fromHere = this.#local.subscribe(pattern, handler, options);
    const forget = mayMatchCopies(pattern) ? this.#interest.add(pattern) : undefined;
    if (queue !== undefined) this.#groups.add(pattern, queue);
    let active = true;
    return {
      unsubscribe: () => {
        if (!active) return;
        active = false;
        fromBroker.unsubscribe();
        fromHere.unsubscribe();
        forget?.();
        if (queue !== undefined) this.#groups.remove(pattern, queue);
      },
    };
  }

  request(
    subject: string,
    payload: Uint8Array,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
  ): Promise<BusMessage> {
    const here = this.#stays(subject) || this.#local.listened?.(subject) === true;
    return (here ? this.#local : this.#broker).request(subject, payload, options);
  }

  listened(subject: string): boolean {
    return !this.#stays(subject) || this.#local.listened?.(subject) === true;
  }

  inbox(): string {
    return this.#local.inbox();
  }

  async flush(): Promise<void> {
    await this.#broker.flush();
    await this.#local.flush();
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  counts(): BusCounts {
    const [here, there] = [this.#local.counts?.() ?? NOTHING, this.#broker.counts?.() ?? NOTHING];
    return {
      published: here.published + there.published,
      delivered: here.delivered + there.delivered,
      malformed: there.malformed,
    };
  }

  reportMalformed(subject: string, what: string): void {
    this.#broker.reportMalformed?.(subject, what);
  }

  connected(): boolean {
    return this.#broker.connected();
  }

  watch(onChange: (connected: boolean) => void): Subscription {
    return this.#broker.watch(onChange);
  }

  dropped(): number {
    return this.#broker.dropped();
  }

  reconnects(): number {
    return this.#broker.reconnects();
  }

  /** Whether it is of use in this process only. */
  #stays(subject: string): boolean {
    return (
      subject.startsWith(this.#inboxes) ||
      isOwnWork(subject) ||
      (isCopy(subject) && !this.#interest.has(subject))
    );
  }

  /** This process has it: others may see it, and need not answer. */
  #forOthers(subject: string, options: PublishOptions | undefined): PublishOptions {
    const taken = this.#groups.match(subject);
    return { headers: { ...options?.headers, ...(taken.length > 0 && { [TAKEN]: taken.join(' ') }) } };
  }

  async #drain(): Promise<void> {
    this.#interest.close();
    await this.#local.flush();
    await this.#broker.drain();
    await this.#local.drain();
  }
}

/** Gives `handler` a message of the broker, unless a member of its group elsewhere has it. */
function receive(
  message: BusMessage,
  handler: (message: BusMessage) => unknown,
  queue: string | undefined,
): unknown {
  const taken = message.headers[TAKEN];
  if (taken === undefined) return handler(message);
  if (queue !== undefined && taken.split(' ').includes(queue)) return undefined;
  const { [TAKEN]: _, ...headers } = message.headers;
  return handler({ ...message, headers });
}

/** Whether subjects of sessions that match `pattern` may carry copies. */
function mayMatchCopies(pattern: string): boolean {
  if (!hasWildcard(pattern)) return isCopy(pattern);
  const rest = pattern.endsWith('>');
  const tokens = pattern.split('.');
  return SESSIONS.every(
    (token, at) => [token, '*'].includes(tokens[at] ?? '') || (rest && at >= tokens.length - 1),
  );
}
