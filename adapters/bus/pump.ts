/** One message on its way to one subscription. */
export interface Delivery {
  readonly subject: string;
  /** The receiver's subject pattern. */
  readonly pattern: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Calls the handler, unless it has unsubscribed meanwhile. Never throws. */
  deliver(): void;
}

/** Decides when, and in which order, deliveries of an in-process bus reach their handlers. */
export interface Pump {
  /** Accepts a delivery. Must not deliver before it returns. */
  push(delivery: Delivery): void;
  /** Resolves when all earlier deliveries are done. A manual pump resolves at once. */
  flush(): Promise<void>;
  /** Delivers until nothing waits, even in a manual pump. */
  drain(): Promise<void>;
}

/** Number of deliveries after which the pump yields to the event loop. */
const DELIVERIES_A_TURN = 256;

/** The pump of a server: delivers in the order of publishing, from a microtask. After every 256 deliveries it continues from `setImmediate`, so that even two handlers that answer each other endlessly do not starve the event loop. When the event loop is overloaded, it delivers more in a turn, for as long as the rest of the turn takes: otherwise messages would wait ever longer.
 */
export function microtaskPump(): Pump {
  return new MicrotaskPump();
}

class MicrotaskPump implements Pump {
  #queue: Delivery[] = [];
  #head = 0;
  #delivered = 0;
  #scheduled = false;
  #leftInTurn = DELIVERIES_A_TURN;
  #suspendedAtMs = 0;
  /** End of this turn's share. */
  #untilMs = 0;
  readonly #waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  readonly #run = () => this.#deliver();
  readonly #runInNewTurn = () => {
    this.#leftInTurn = DELIVERIES_A_TURN;
    const nowMs = performance.now();
    this.#untilMs = nowMs + (nowMs - this.#suspendedAtMs);
    this.#deliver();
  };

  push(delivery: Delivery): void {
    this.#queue.push(delivery);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#run);
  }

  flush(): Promise<void> {
    const left = this.#queue.length - this.#head;
    if (left === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ at: this.#delivered + left, resolve }));
  }

  async drain(): Promise<void> {
    while (this.#head < this.#queue.length) await this.flush();
  }

  #deliver(): void {
    for (;;) {
      const delivery = this.#queue[this.#head];
      if (!delivery) break;
      if (this.#leftInTurn === 0) {
        this.#forgetDelivered();
        this.#suspend();
        return;
      }
      this.#leftInTurn--;
      this.#head++;
      delivery.deliver();
      this.#delivered++;
      for (let first = this.#waiting[0]; first && first.at <= this.#delivered; first = this.#waiting[0]) {
        this.#waiting.shift();
        first.resolve();
      }
    }
    this.#forgetDelivered();
    this.#scheduled = false;
  }

  #suspend(): void {
    this.#suspendedAtMs = performance.now();
    if (this.#suspendedAtMs >= this.#untilMs) {
      setImmediate(this.#runInNewTurn);
      return;
    }
    this.#leftInTurn = DELIVERIES_A_TURN;
    queueMicrotask(this.#run);
  }

  #forgetDelivered(): void {
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}

/** A pump that a test or simulation controls: it inspects pending deliveries and decides what happens to each. */
export interface ManualPump extends Pump {
  /** Pending deliveries, oldest first. */
  readonly pending: readonly Delivery[];
  /** Delivers the delivery at `index` (default 0) and removes it. False if there is none. */
  deliver(index?: number): boolean;
  /** Drops the delivery at `index` (default 0). False if there is none. */
  drop(index?: number): boolean;
  /** Duplicates the delivery at `index` (default 0), right behind it. False if there is none. */
  duplicate(index?: number): boolean;
  /** Delivers in order until nothing waits, and returns the number of deliveries. Throws after `limit` (100,000). */
  deliverAll(limit?: number): number;
}

/** See {@link ManualPump}. `drain` of the bus delivers pending deliveries in order. */
export function manualPump(): ManualPump {
  const pending: Delivery[] = [];
  const deliver = (index = 0) => {
    const [delivery] = pending.splice(index, 1);
    delivery?.deliver();
    return delivery !== undefined;
  };
  const deliverAll = (limit = 100_000) => {
    let count = 0;
    while (deliver()) {
      if (++count >= limit) throw new RangeError(`the bus did not come to rest in ${limit} deliveries`);
    }
    return count;
  };
  return {
    pending,
    push: (delivery) => void pending.push(delivery),
    deliver,
    deliverAll,
    drop: (index = 0) => pending.splice(index, 1).length > 0,
    duplicate: (index = 0) => {
      const delivery = pending[index];
      if (delivery) pending.splice(index + 1, 0, delivery);
      return delivery !== undefined;
    },
    flush: async () => {},
    drain: async () => void deliverAll(),
  };
}
