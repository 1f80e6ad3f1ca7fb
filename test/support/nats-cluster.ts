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
  await complete(brokers.map(({ url }) => url));
  return brokers;
}

/** Resolves when each broker has got a copy of a stream: a leader answers before it knows of all others. */
async function complete(servers: readonly string[]): Promise<void> {
  const connection = await connect({ servers: [...servers] });
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
    while ((await ask('CREATE', stream)) !== undefined) await new Promise((go) => setTimeout(go, 100));
    // 404: the answer of the attempt before was lost.
    for (
      let code = await ask('DELETE', {});
      code !== undefined && code !== 404;
      code = await ask('DELETE', {})
    )
      await new Promise((go) => setTimeout(go, 100));
  } finally {
    await connection.close();
  }
}
