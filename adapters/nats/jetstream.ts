import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats, type NatsConnectOptions } from './connect.ts';

/** Time limit of the answer, ms. */
const ANSWER_MS = 2_000;

export interface JetStreamFacts {
  /** Number of brokers of the cluster that this one knows, with itself. */
  readonly brokers: number;
  /** Of nats-server. */
  readonly version: string;
  readonly streams?: number;
  /** Why there is no JetStream. */
  readonly error?: string;
}

/** What a broker says of JetStream. Rejects with BUS_UNREACHABLE if the broker cannot be reached. */
export async function jetStreamFacts(options: NatsConnectOptions): Promise<JetStreamFacts> {
  const { connection } = await connectNats(options);
  const brokers = Math.max(1, new Set(connection.info?.connect_urls ?? []).size);
  const version = connection.info?.version ?? '';
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
    const { streams } = await manager.getAccountInfo();
    return { brokers, version, streams };
  } catch (error) {
    return { brokers, version, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await connection.close();
  }
}

/**
 * Whether copies of a stream may miss what was acknowledged once brokers were killed or stopped, as those of 2.9.10 did in ten
 * minutes of `npm run test:failover`. Those of 2.10.27 did not.
 */
export function losesCopies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 2 || (major === 2 && minor < 10);
}
