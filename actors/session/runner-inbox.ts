import type { EventSource } from '../../machines/log.ts';
import type { SessionEvent } from '../../machines/session/events.ts';

/** An event that waits to be handled. */
export interface Received<Child> {
  readonly source: EventSource;
  readonly event: SessionEvent;
  /** The child that sent it, to compare with the child that runs now. */
  readonly from?: Child;
}

/**
 * Events waiting for one session, in three lanes, each in its own order: the stop, then the client's commands, then
 * everything else. A client command may overtake events of children, because the client has only seen the results of
 * handled events. An interrupt concerns the reply that is heard now, and makes pending reports of its children stale.
 *
 * What the lane of the voice stop heard belongs to the stops, in its order with them.
 *
 * A stop also removes a waiting `rearm` that was sent before it: the `rearm` must not end the later stop.
 */
export class RunnerInbox<Child> {
  #halts: Received<Child>[] = [];
  #commands: Received<Child>[] = [];
  #others: Received<Child>[] = [];
  /** Index into `#others`; events before it have been taken. */
  #head = 0;

  get size(): number {
    return this.#halts.length + this.#commands.length + this.#others.length - this.#head;
  }

  /** True if a stop waits. */
  get urgent(): boolean {
    return this.#halts.length > 0;
  }

  /** True if a command of the client waits. */
  get hasCommand(): boolean {
    return this.#commands.length > 0;
  }

  put(received: Received<Child>): void {
    const { type } = received.event;
    if (isStop(received.event)) {
      this.#halts.push(received);
      if (type === 'halt' || type === 'stop.confirmed')
        this.#commands = this.#commands.filter(({ event }) => event.type !== 'rearm');
    } else if (received.source === 'client') this.#commands.push(received);
    else this.#others.push(received);
  }

  /** Removes and returns the next event. */
  take(): Received<Child> | undefined {
    return this.#halts.shift() ?? this.#commands.shift() ?? this.#takeOther();
  }

  #takeOther(): Received<Child> | undefined {
    const next = this.#others[this.#head];
    if (!next) return undefined;
    this.#head += 1;
    // Thousands may wait: shifting each out of an array would cost as much as handling it.
    if (this.#head === this.#others.length || this.#head >= KEPT_TAKEN) {
      this.#others = this.#others.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }
}

function isStop({ type }: SessionEvent): boolean {
  return type === 'halt' || type === 'stop.suspected' || type === 'stop.confirmed' || type === 'stop.refuted';
}

/** Maximum taken events that remain in the array. */
const KEPT_TAKEN = 256;
