import type { NatsConnection } from '@nats-io/transport-node';

/** Library internals needed to close a connection for good. A test with a broker that hangs detects changes of them. */
interface Internals {
  readonly protocol?: {
    readonly options?: { reconnect?: boolean };
    readonly transport?: { readonly socket?: { destroy?(): void } };
  };
}

/** Stops reconnecting. */
export function stopReconnecting(connection: NatsConnection): void {
  const options = (connection as Internals).protocol?.options;
  if (options) options.reconnect = false;
}

/** Ends a connection attempt that was pending when the connection was closed. The library (3.3) leaves its socket open, so that a process with a broker that hangs would never end.
 */
export function endDial(connection: NatsConnection): void {
  (connection as Internals).protocol?.transport?.socket?.destroy?.();
}
