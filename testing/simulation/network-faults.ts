import type { Delivery, Pump } from '../../adapters/bus/in-process.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Faults } from './faults.ts';

/** Deliveries to one receiver keep their order; those of different lanes may overtake each other. */
interface Lane {
  /** Messages that arrived while the lane was delayed. */
  held: Delivery[] | null;
}

/** Messages to a session's client share one connection. */
const CLIENT = /\.(?:out|ev)$/;
/** Messages that a lossy peer may lose or repeat: the engine protocol, cancels, and the user's audio. */
const LOSSY = /^(?:_INBOX\.|parley\.v1\.(?:work|cancel)\.)|\.audio\.in$/;

/** The pump of a simulated bus: delivers in order, except for faults. Driven by `deliverAll`. */
export class FaultyPump implements Pump {
  readonly #clock: Clock;
  readonly #faults: Faults;
  #queue: { readonly delivery: Delivery; readonly lane: Lane }[] = [];
  readonly #lanes = new Map<string, Lane>();

  constructor(clock: Clock, faults: Faults) {
    this.#clock = clock;
    this.#faults = faults;
  }

  push(delivery: Delivery): void {
    const lossy = LOSSY.test(delivery.subject);
    if (lossy && this.#faults.does('bus.drop')) return;
    const lane = this.#laneOf(delivery);
    this.#put(delivery, lane);
    if (lossy && this.#faults.does('bus.duplicate')) this.#put(delivery, lane);
    if (lane.held || CLIENT.test(delivery.subject) || !this.#faults.does('bus.delay')) return;
    lane.held = [];
    this.#clock.setTimer(this.#faults.stream('bus.delay').ms(1, 300), () => this.#release(lane));
  }

  /** Delivers waiting messages, and those published meanwhile. False if nothing waited. */
  deliverAll(): boolean {
    if (this.#queue.length === 0) return false;
    const queue = this.#queue;
    this.#queue = [];
    for (let i = 0; i < queue.length; i++) {
      const next = queue[i];
      const after = queue[i + 1];
      if (!next) continue;
      if (after && after.lane !== next.lane && this.#faults.does('bus.reorder')) {
        queue[i + 1] = next;
        queue[i] = after;
      }
      const entry = queue[i];
      if (!entry) continue;
      if (entry.lane.held) entry.lane.held.push(entry.delivery);
      else entry.delivery.deliver();
    }
    return true;
  }

  async flush(): Promise<void> {}

  async drain(): Promise<void> {
    for (const lane of this.#lanes.values()) this.#release(lane);
    while (this.deliverAll());
  }

  #put(delivery: Delivery, lane: Lane): void {
    if (lane.held) lane.held.push(delivery);
    else this.#queue.push({ delivery, lane });
  }

  #release(lane: Lane): void {
    const { held } = lane;
    lane.held = null;
    for (const delivery of held ?? []) this.#queue.push({ delivery, lane });
  }

  #laneOf({ pattern, subject }: Delivery): Lane {
    const key = CLIENT.test(subject) ? 'client' : pattern;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { held: null };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}

/**
 * Resolves when no promise and no delivery is pending. `process.nextTick` within a promise's continuation runs when the
 * queue of microtasks is empty, so this needs neither a turn of the event loop nor a guess at the number of nested
 * awaits.
 */
export async function settled(pump: FaultyPump): Promise<void> {
  do await new Promise<void>((resolve) => process.nextTick(resolve));
  while (pump.deliverAll());
}
