import { connect, type NatsConnection } from '@nats-io/transport-node';

/** When streams of a cluster of brokers had a leader. */
export interface LeaderWatch {
  /** Whether one of these streams had none at some time between the two, ms of `performance.now()`. */
  wasWithout(streams: readonly string[], fromMs: number, toMs: number): boolean;
  close(): Promise<void>;
}

/** Time between two looks, ms, and that in which a leader must answer. */
const EVERY_MS = 250;
const ANSWER_MS = 500;

/** Asks through each of the brokers for the leaders of these streams, apart from everything that is tested. */
export async function watchLeaders(
  urls: readonly string[],
  streams: readonly string[],
): Promise<LeaderWatch> {
  const connections = await Promise.all(
    urls.map((servers) =>
      connect({ servers, ignoreClusterUpdates: true, maxReconnectAttempts: -1, reconnectTimeWait: 100 }),
    ),
  );
  const looks: { readonly stream: string; readonly atMs: number; readonly hasLeader: boolean }[] = [];
  const look = async (stream: string) => {
    const atMs = performance.now();
    const answers = await Promise.all(connections.map((one) => hasLeader(one, stream)));
    looks.push({ stream, atMs, hasLeader: answers.includes(true) });
  };
  const timer = setInterval(() => void streams.map(look), EVERY_MS);
  return {
    wasWithout: (asked, fromMs, toMs) =>
      looks.some(
        ({ stream, atMs, hasLeader }) =>
          !hasLeader && asked.includes(stream) && atMs >= fromMs - EVERY_MS && atMs <= toMs,
      ),
    async close() {
      clearInterval(timer);
      await Promise.all(connections.map((one) => one.close()));
    },
  };
}

async function hasLeader(connection: NatsConnection, stream: string): Promise<boolean> {
  try {
    const answer = await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: ANSWER_MS });
    const { cluster } = answer.json<{ cluster?: { leader?: string } }>();
    return cluster?.leader !== undefined && cluster.leader !== '';
  } catch {
    // It is gone, or nobody answers.
    return false;
  }
}
