import type { NatsConnection } from '@nats-io/transport-node';

/** What of the library's inside is needed to close a connection for good. Its version is pinned by a test on a broker that hangs. */
interface Internals {
  readonly protocol?: {
    readonly options?: { reconnect?: boolean };
    readonly transport?: { readonly socket?: { destroy?(): void } };
  };
}

/** From now on a connection that is lost is not made again. */
export function stopReconnecting(connection: NatsConnection): void {
  const options = (connection as Internals).protocol?.options;
  if (options) options.reconnect = false;
}

/**
 * Ends an attempt to connect that was under way when the connection was closed. The library (3.3) leaves its socket open, so
 * that a process on a broker that hangs would never end.
 */
export function endDial(connection: NatsConnection): void {
  (connection as Internals).protocol?.transport?.socket?.destroy?.();
}
