/** Servers of one broker or cluster, in processes of their own, behind a load balancer. */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsCluster } from '../support/nats-cluster.ts';
import { type ParleyProcess, watched } from '../support/processes.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const program = fileURLToPath(new URL('./server.ts', import.meta.url));

/** Where a server runs. */
export interface Place {
  readonly dataDir: string;
  readonly port: number;
  readonly natsUrl: string;
  readonly replicas: number;
  /** Each action that runs adds a line. */
  readonly ranFile: string;
  readonly logLevel: 'error' | 'warn' | 'info';
}

export interface FailoverServer {
  readonly place: Place;
  /** Its links to the brokers. */
  readonly links: readonly TcpProxy[];
  readonly process: ParleyProcess;
  /** Starts it if it has ended. */
  start(): Promise<void>;
}

export interface FailoverScene {
  readonly brokers: readonly NatsServer[];
  readonly servers: readonly FailoverServer[];
  /** The address for clients. */
  readonly url: string;
  readonly balancer: TcpProxy;
  readonly ranFile: string;
  /** Sends new clients to this server first. */
  prefer(server: FailoverServer): void;
  close(): Promise<void>;
}

export async function startScene(
  folder: string,
  {
    servers: count,
    brokers: size,
    logLevel = 'error' as const,
  }: {
    readonly servers: number;
    readonly brokers: 1 | 3;
    readonly logLevel?: Place['logLevel'];
  },
): Promise<FailoverScene> {
  const brokers =
    size === 1
      ? [await startNatsServer({ args: ['-js', '-sd', join(folder, 'broker')] })]
      : await startNatsCluster(folder, size);
  const ranFile = join(folder, 'ran.txt');
  const servers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const dataDir = join(folder, `server-${i}`);
      await mkdir(dataDir);
      const links = await Promise.all(brokers.map(({ port }) => startTcpProxy(() => [port])));
      const natsUrl = links.map(({ port }) => `nats://127.0.0.1:${port}`).join();
      const place = { dataDir, port: await freePort(), natsUrl, replicas: size, ranFile, logLevel };
      return startServer(place, links);
    }),
  );
  let order: readonly FailoverServer[] = servers;
  const balancer = await startTcpProxy(() => {
    const ports = order.map(({ place }) => place.port);
    order = [...order.slice(1), ...order.slice(0, 1)];
    return ports;
  });
  return {
    ...{ brokers, servers, balancer, ranFile, url: `http://127.0.0.1:${balancer.port}` },
    prefer(server) {
      order = [server, ...servers.filter((one) => one !== server)];
    },
    async close() {
      await balancer.close();
      await Promise.all(servers.map((one) => one.process.kill()));
      for (const { links } of servers) await Promise.all(links.map((link) => link.close()));
      await Promise.all(brokers.map((broker) => broker.kill()));
    },
  };
}

async function startServer(place: Place, links: readonly TcpProxy[]): Promise<FailoverServer> {
  const start = async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(place)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = watched(child);
    await started.line(/^listens on (.*)$/u);
    over = false;
    void started.exited.then(() => {
      over = true;
    });
    return started;
  };
  let over = true;
  let running = await start();
  return {
    ...{ place, links },
    get process() {
      return running;
    },
    async start() {
      if (over) running = await start();
    },
  };
}
