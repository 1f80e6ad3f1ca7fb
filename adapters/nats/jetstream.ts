import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats, type NatsConnectOptions } from './connect.ts';

/** Time limit of the answer, ms. */
const ANSWER_MS = 2_000;

/** What a broker says of JetStream, and how many brokers of its cluster it knows. `error`: why there is none. Rejects with BUS_UNREACHABLE if the broker cannot be reached. */
export async function jetStreamFacts(
  options: NatsConnectOptions,
): Promise<{ readonly brokers: number; readonly streams?: number; readonly error?: string }> {
  const { connection } = await connectNats(options);
  const brokers = Math.max(1, new Set(connection.info?.connect_urls ?? []).size);
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
    const { streams } = await manager.getAccountInfo();
    return { brokers, streams };
  } catch (error) {
    return { brokers, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await connection.close();
  }
}
