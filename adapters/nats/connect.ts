import { connect, type NatsConnection } from '@nats-io/transport-node';
import { ParleyError } from '../../machines/errors.ts';
import { Backoff } from './backoff.ts';
import { loginOf, type NatsOptions } from './options.ts';
import { type NatsAddress, parseNatsUrl } from './url.ts';

export interface NatsConnectOptions {
  /** `nats://[user:pass@]host:port`, `tls://…`, or several separated by commas. */
  readonly url: string;
  /** How to log in. Default: as `url` says, or not at all. */
  readonly login?: NatsOptions | undefined;
  /** Name in the server's list of connections. Default `parley`. */
  readonly name?: string;
  /** Time limit of one connection attempt, in ms. Default 5,000. */
  readonly connectMs?: number;
  /** Maximum pause between two attempts to reconnect, in ms; it starts at 100 and doubles. Default 2,000. */
  readonly maxReconnectMs?: number;
  /**
   * Time between pings, in ms. A connection with two unanswered pings counts as dead when the third is due. Default
   * 500.
   */
  readonly pingMs?: number;
  /** Whether its own messages come back to its own subscribers. Default true. */
  readonly echo?: boolean;
}

export interface NatsLink {
  readonly connection: NatsConnection;
  readonly address: NatsAddress;
  /** Notify it of attempts and successes, as the connection's status reports them. */
  readonly backoff: Backoff;
}

/** Default ping interval, in ms. A broker that hangs is noticed within three of these. */
const PING_MS = 500;

/** Connects to a NATS server. Rejects with BUS_UNREACHABLE if it cannot be reached now; once connected it always reconnects. */
export async function connectNats(options: NatsConnectOptions): Promise<NatsLink> {
  const address = parseNatsUrl(options.url);
  const backoff = new Backoff(options.maxReconnectMs ?? 2_000);
  const { authenticator, tls, inboxPrefix } = loginOf(options.login ?? {});
  try {
    const connection = await connect({
      servers: address.servers,
      name: options.name ?? 'parley',
      timeout: options.connectMs ?? 5_000,
      reconnect: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectDelayHandler: () => backoff.delayMs(),
      pingInterval: options.pingMs ?? PING_MS,
      maxPingOut: 2,
      noAsyncTraces: true,
      noEcho: options.echo === false,
      ...{ inboxPrefix, ...((tls || address.tls) && { tls: tls ?? {} }) },
      ...(authenticator ? { authenticator } : credentialsOf(address)),
    });
    return { connection, address, backoff };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new ParleyError('BUS_UNREACHABLE', `${address.redacted}: ${detail}`, { cause: error });
  }
}

function credentialsOf({ user, pass, token }: NatsAddress) {
  return {
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
    ...(token !== undefined && { token }),
  };
}
