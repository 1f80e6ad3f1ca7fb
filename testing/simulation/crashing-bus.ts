import type { Bus, BusMessage, PublishOptions, Subscription } from '../../actors/ports/bus.ts';

/** One worker's connection to the bus. When it dies, the worker is cut off without notice. */
export interface CrashingBus extends Bus {
  die(): void;
}

export function crashingBus(bus: Bus): CrashingBus {
  const subscriptions = new Set<Subscription>();
  let alive = true;
  return {
    maxPayload: bus.maxPayload,
    publish(subject: string, payload: Uint8Array, options?: PublishOptions) {
      if (alive) bus.publish(subject, payload, options);
    },
    subscribe(pattern: string, handler: (message: BusMessage) => void, options?: { queue?: string }) {
      const subscription = bus.subscribe(pattern, handler, options);
      subscriptions.add(subscription);
      return subscription;
    },
    request: (subject, payload, options) => bus.request(subject, payload, options),
    inbox: () => bus.inbox(),
    flush: () => bus.flush(),
    drain: async () => {},
    connected: () => alive,
    die() {
      alive = false;
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
