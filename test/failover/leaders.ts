import { setTimeout as wait } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** When streams of a cluster of brokers had a leader. */
export interface LeaderWatch {
  /** Whether one of these streams had none at some time between the two, ms of `performance.now()`. */
  wasWithout(streams: readonly string[], fromMs: number, toMs: number): boolean;
  /** Resolves when each of the streams has a leader, and all its copies are as new as that one's. Rejects if they are not after `withinMs`. */
  allCurrent(withinMs: number): Promise<void>;
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
    const answers = await Promise.all(connections.map((one) => clusterOf(one, stream)));
    looks.push({ stream, atMs, hasLeader: answers.some((cluster) => cluster?.leader) });
  };
  const timer = setInterval(() => void streams.map(look), EVERY_MS);
  return {
    wasWithout: (asked, fromMs, toMs) =>
      looks.some(
        ({ stream, atMs, hasLeader }) =>
          !hasLeader && asked.includes(stream) && atMs >= fromMs - EVERY_MS && atMs <= toMs,
      ),
    async allCurrent(withinMs) {
      const untilMs = performance.now() + withinMs;
      const isCurrent = async (stream: string) => {
        const answers = await Promise.all(connections.map((one) => clusterOf(one, stream)));
        const led = answers.find((cluster) => cluster?.leader);
        return led?.replicas?.every(({ current, offline }) => current && !offline) === true;
      };
      while (!(await Promise.all(streams.map(isCurrent))).every((current) => current)) {
        if (performance.now() > untilMs) throw new Error('the brokers do not have all copies again');
        await wait(EVERY_MS);
      }
    },
    async close() {
      clearInterval(timer);
      await Promise.all(connections.map((one) => one.close()));
    },
  };
}

interface StreamCluster {
  /** Empty: there is none at the moment. */
  readonly leader?: string;
  /** The copies besides the leader's. */
  readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
}

/** Undefined if nobody answers, or the stream is gone. */
async function clusterOf(connection: NatsConnection, stream: string): Promise<StreamCluster | undefined> {
  try {
    const answer = await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: ANSWER_MS });
    return answer.json<{ cluster?: StreamCluster }>().cluster;
  } catch {
    return undefined;
  }
}
