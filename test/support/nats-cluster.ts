import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { freePort } from './free-port.ts';

/** Starts brokers with JetStream as one cluster, with their data below `folder`. Resolves when all of them can have copies. */
export async function startNatsCluster(folder: string, size = 3): Promise<readonly NatsServer[]> {
  const routes = await Promise.all(Array.from({ length: size }, () => freePort()));
  const all = routes.map((port) => `nats://127.0.0.1:${port}`);
  const brokers = await Promise.all(
    routes.map(async (port, i) => {
      const data = join(folder, `broker-${i}`);
      await mkdir(data);
      return startNatsServer({
        args: [
          ...['-js', '-sd', data, '--server_name', `broker-${i}`, '--cluster_name', 'parley'],
          ...['--no_advertise', '--cluster', `nats://127.0.0.1:${port}`, '--routes', all.join(',')],
        ],
      });
    }),
  );
  // Of three that begin at the same time, two sometimes agree without the third for good (nats-server 2.10.27). Begun anew, it belongs to them.
  for (let next = 0; !(await complete(brokers)); next++) await brokers[next % size]?.restart();
  return brokers;
}

/** Time in which brokers that have begun know each other, ms: several times what it takes them. */
const KNOWN_MS = 6_000;

/** Resolves with whether each broker has got a copy of a stream: a leader answers before it knows of all others. */
async function complete(brokers: readonly NatsServer[]): Promise<boolean> {
  const servers = brokers.map(({ url }) => url);
  const untilMs = performance.now() + KNOWN_MS;
  const connection = await connect({ servers });
  /** Resolves with the code of an error; 0: no answer. */
  const ask = (action: string, body: object) =>
    connection
      .request(`$JS.API.STREAM.${action}.complete`, JSON.stringify(body), { timeout: 1_000 })
      .then((message) => message.json<{ error?: { code: number } }>().error?.code)
      .catch(() => 0);
  const stream = {
    name: 'complete',
    subjects: ['complete'],
    storage: 'memory',
    num_replicas: servers.length,
  };
  try {
    while ((await ask('CREATE', stream)) !== undefined) {
      if (performance.now() > untilMs) return false;
      await new Promise((go) => setTimeout(go, 100));
    }
    // 404: the answer of the attempt before was lost.
    for (
      let code = await ask('DELETE', {});
      code !== undefined && code !== 404;
      code = await ask('DELETE', {})
    )
      await new Promise((go) => setTimeout(go, 100));
    return true;
  } finally {
    await connection.close();
  }
}
