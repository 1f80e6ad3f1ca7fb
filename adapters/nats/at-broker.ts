import type { NatsConnection } from '@nats-io/transport-node';
import type { ParleyError } from '../../machines/errors.ts';
import { endDial, stopReconnecting } from './closing.ts';
import type { NatsLink } from './connect.ts';

/** What somebody needs at a broker: streams, buckets. */
export interface AtBroker<Held> {
  readonly connection: NatsConnection;
  /** Whether the broker can be reached, as far as is known. */
  connected(): boolean;
  /** Runs `work` on it, made anew after a failure. Rejects at once without a connection. */
  within<Result>(work: (held: Held) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface AtBrokerParts<Held> {
  /** Makes what is not there, and brings the rest to this version's settings. */
  readonly make: (connection: NatsConnection) => Promise<Held>;
  readonly failed: (cause: unknown) => ParleyError;
  /** Called when a lost connection is back. */
  readonly onBack?: () => void;
}

/** Keeps over `link` what `make` makes, and makes it again when the broker may have come back without it. */
export function atBroker<Held>(
  { connection, backoff }: NatsLink,
  { make, failed, onBack = () => {} }: AtBrokerParts<Held>,
): AtBroker<Held> {
  let held: Promise<Held> | undefined;
  let connected = true;

  async function follow(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') connected = false;
      if (status.type === 'reconnecting') backoff.attempted();
      if (status.type !== 'reconnect') continue;
      backoff.connected();
      connected = true;
      held = undefined;
      onBack();
    }
  }
  void follow();

  return {
    connection,
    connected: () => connected,
    async within(work) {
      if (!connected) throw failed('the broker is gone');
      held ??= make(connection);
      const current = held;
      try {
        return await work(await current);
      } catch (cause) {
        if (held === current) held = undefined;
        throw failed(cause);
      }
    },
    async close() {
      stopReconnecting(connection);
      if (!connection.isClosed()) await connection.close();
      endDial(connection);
    },
  };
}
