import type { EventSource } from '../../machines/log.ts';
import type { SessionEvent } from '../../machines/session/events.ts';

/** An event that waits to be handled. */
export interface Received<Child> {
  readonly source: EventSource;
  readonly event: SessionEvent;
  /** The child that sent it, to be compared with the one that lives now. */
  readonly from?: Child;
}

/**
 * What waits for one session, in three lanes: the stop, then the client's commands, then everything else, each in its own
 * order. The client's commands may overtake events of children, since a client has seen only what came of events that
 * were handled: an interrupt concerns the reply that is heard now, and makes stale what its children still report.
 *
 * A stop also removes a `rearm` that was sent before it and still waits: it must not end the stop that came later.
 */
export class RunnerInbox<Child> {
  #halts: Received<Child>[] = [];
  #commands: Received<Child>[] = [];
  #others: Received<Child>[] = [];
  /** Of `#others`: those before it have been taken. */
  #head = 0;

  get size(): number {
    return this.#halts.length + this.#commands.length + this.#others.length - this.#head;
  }

  /** True if a stop waits. */
  get urgent(): boolean {
    return this.#halts.length > 0;
  }

  put(received: Received<Child>): void {
    if (received.event.type === 'halt') {
      this.#halts.push(received);
      this.#commands = this.#commands.filter(({ event }) => event.type !== 'rearm');
    } else if (received.source === 'client') this.#commands.push(received);
    else this.#others.push(received);
  }

  /** The next one, taken out. */
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

/** Events that were taken and are still held, at most. */
const KEPT_TAKEN = 256;
