/** Servers of one broker or cluster, in processes of their own, behind a load balancer. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { realClock } from '../../adapters/real-clock.ts';
import { makeLogger } from '../../server/log.ts';
import { type Supervisor, supervise } from '../../server/processes/supervisor.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsCluster } from '../support/nats-cluster.ts';
import { type ParleyProcess, watched } from '../support/processes.ts';
import { compiled } from '../support/program.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/** Where a worker runs. */
export interface WorkerPlace {
  readonly dataDir: string;
  readonly natsUrl: string;
  readonly replicas: number;
  readonly logLevel: 'error' | 'warn' | 'info';
}

/** Where a server runs. */
export interface Place extends WorkerPlace {
  readonly port: number;
  /** Each action that runs adds a line. */
  readonly ranFile: string;
  /** Its engines are in workers. */
  readonly remote: boolean;
}

/** A process that is started again in its place after it was killed. */
export interface Restartable {
  readonly process: ParleyProcess;
  /** Starts it if it has ended. */
  start(): Promise<void>;
}

export interface FailoverServer extends Restartable {
  readonly place: Place;
  /** Its links to the brokers. */
  readonly links: readonly TcpProxy[];
}

export interface FailoverScene {
  readonly brokers: readonly NatsServer[];
  readonly servers: readonly FailoverServer[];
  readonly workers: readonly Restartable[];
  /** What the workers have in common. */
  readonly workerDir: string;
  /** The address for clients. */
  readonly url: string;
  readonly balancer: TcpProxy;
  readonly ranFile: string;
  /** Sends new clients to this server from now on, and to the others only while it is not there. Before, they take turns. */
  prefer(server: FailoverServer): void;
  close(): Promise<void>;
}

export async function startScene(
  folder: string,
  {
    servers: count,
    brokers: size,
    workers: working = 0,
    logLevel = 'error' as const,
  }: {
    readonly servers: number;
    readonly brokers: 1 | 3;
    /** With some, they have the engines of the servers. */
    readonly workers?: number;
    readonly logLevel?: Place['logLevel'];
  },
): Promise<FailoverScene> {
  const brokers =
    size === 1
      ? [await startNatsServer({ args: ['-js', '-sd', join(folder, 'broker')] })]
      : await startNatsCluster(folder, size);
  const ranFile = join(folder, 'ran.txt');
  const workerDir = join(folder, 'worker');
  await mkdir(workerDir);
  const common = { replicas: size, logLevel };
  const natsUrls = brokers.map(({ url }) => url).join();
  const workers = await Promise.all(
    Array.from({ length: working }, () =>
      restartable('./worker.ts', { ...common, dataDir: workerDir, natsUrl: natsUrls }, /^works$/u),
    ),
  );
  const servers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const dataDir = join(folder, `server-${i}`);
      await mkdir(dataDir);
      const links = await Promise.all(brokers.map(({ port }) => startTcpProxy(() => [port])));
      const natsUrl = links.map(({ port }) => `nats://127.0.0.1:${port}`).join();
      const place = {
        ...{ ...common, dataDir, port: await freePort(), natsUrl, ranFile, remote: working > 0 },
      } satisfies Place;
      const server = await restartable('./server.ts', place, /^listens on (.*)$/u);
      return {
        ...{ place, links, start: server.start },
        get process() {
          return server.process;
        },
      };
    }),
  );
  let order: readonly FailoverServer[] = servers;
  let takeTurns = true;
  const balancer = await startTcpProxy(() => {
    const ports = order.map(({ place }) => place.port);
    if (takeTurns) order = [...order.slice(1), ...order.slice(0, 1)];
    return ports;
  });
  return {
    ...{ brokers, servers, workers, workerDir, balancer, ranFile, url: `http://127.0.0.1:${balancer.port}` },
    prefer(server) {
      takeTurns = false;
      order = [server, ...servers.filter((one) => one !== server)];
    },
    async close() {
      await balancer.close();
      await Promise.all([...servers, ...workers].map((one) => one.process.kill()));
      for (const { links } of servers) await Promise.all(links.map((link) => link.close()));
      await Promise.all(brokers.map((broker) => broker.kill()));
    },
  };
}

/** A server of two processes, in the place of one that has ended. */
export async function severalProcesses(
  { place }: FailoverServer,
  onStart: (child: ChildProcess) => void,
): Promise<Supervisor> {
  const program = await programOf('./server.ts');
  return supervise({
    ...{ processes: 2, host: '127.0.0.1', port: place.port, continues: true, clock: realClock },
    ...{ awayMs: 30_000, rollGraceMs: 20_000, log: makeLogger('fatal') },
    start(number) {
      const child = fork(program, [JSON.stringify(place), String(number)], { serialization: 'advanced' });
      onStart(child);
      return child;
    },
  });
}

function programOf(name: string): Promise<string> {
  return compiled(new URL(name, import.meta.url));
}

async function restartable(program: string, place: WorkerPlace, isThere: RegExp): Promise<Restartable> {
  const attempt = async () => {
    const child = spawn(process.execPath, [await programOf(program), JSON.stringify(place)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = watched(child);
    await started.line(isThere);
    over = false;
    void started.exited.then(() => {
      over = true;
    });
    return started;
  };
  /** As a process manager does: it may find no broker at the moment. */
  const start = async (left = 5): Promise<ParleyProcess> =>
    attempt().catch((error) => {
      if (left === 0) throw error;
      return start(left - 1);
    });
  let over = true;
  let running = await start();
  return {
    get process() {
      return running;
    },
    async start() {
      if (over) running = await start();
    },
  };
}
