import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { type NatsConnection, RequestError } from '@nats-io/transport-node';
import type { ParleyError } from '../../machines/errors.ts';
import { endDial, stopReconnecting } from './closing.ts';
import type { NatsLink } from './connect.ts';

/** Needs of this process at a broker: streams, buckets. */
export interface AtBroker<Held> {
  readonly connection: NatsConnection;
  /** Whether the broker can be reached, as far as is known. */
  connected(): boolean;
  /** Runs `work` on it; once more, on what was made anew, if something of it is not there. Rejects at once without a connection. */
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

/**
 * Keeps over `link` what `make` makes, and makes it again when the broker has come back without it. Only then: it takes all
 * brokers of a cluster, and what works must not wait for one that does not.
 */
export function atBroker<Held>(
  { connection, backoff }: NatsLink,
  { make, failed, onBack = () => {} }: AtBrokerParts<Held>,
): AtBroker<Held> {
  let held: Promise<Held> | undefined;
  let remade: Promise<Held> | undefined;
  let connected = true;

  async function follow(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') connected = false;
      if (status.type === 'reconnecting') backoff.attempted();
      if (status.type !== 'reconnect') continue;
      backoff.connected();
      connected = true;
      onBack();
    }
  }
  void follow();

  function makeNow(): Promise<Held> {
    const making = make(connection);
    making.catch(() => {
      if (held === making) held = undefined;
    });
    return making;
  }

  async function makeAgain(): Promise<Held> {
    remade ??= make(connection).finally(() => {
      remade = undefined;
    });
    const made = await remade;
    held = Promise.resolve(made);
    return made;
  }

  return {
    connection,
    connected: () => connected,
    async within(work) {
      if (!connected) throw failed('the broker is gone');
      held ??= makeNow();
      try {
        const made = await held;
        return await work(made).catch(async (cause) => {
          if (!isAbsence(cause)) throw cause;
          return work(await makeAgain());
        });
      } catch (cause) {
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

const ABSENT: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];

/** Whether a stream or a consumer is not there, or no responder answers for it. Then nothing was done. */
function isAbsence(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return ABSENT.includes(error.code);
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof RequestError && cause.isNoResponders();
}
