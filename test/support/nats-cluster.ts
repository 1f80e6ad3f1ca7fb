import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { freePort } from './free-port.ts';

/** Starts brokers with JetStream as one cluster, with their data below `folder`. Resolves when it has a leader. */
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
  await leader(brokers.map(({ url }) => url));
  return brokers;
}

/** Resolves when JetStream answers. */
async function leader(servers: string[]): Promise<void> {
  const connection = await connect({ servers });
  try {
    for (;;) {
      const answer = await connection
        .request('$JS.API.INFO', '', { timeout: 500 })
        .then((message) => message.json<{ error?: object }>())
        .catch(() => ({ error: {} }));
      if (!answer.error) return;
      await new Promise((go) => setTimeout(go, 100));
    }
  } finally {
    await connection.close();
  }
}
