import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ParleyError } from '../machines/errors.ts';

export interface NatsServerOptions {
  /** 0, the default, picks a free one. */
  readonly port?: number;
  /** Additional arguments, such as `['--user', 'u', '--pass', 'p']` or `['-c', file]`. */
  readonly args?: readonly string[];
  /** Environment variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** `nats-server`, found by PATH. */
  readonly command?: string;
  /** Start time limit, ms. 10,000. */
  readonly startMs?: number;
}

/** A real NATS server on loopback, for tests. */
export interface NatsServer {
  /** `nats://127.0.0.1:<port>`; stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  /** Process id of the current or last process. */
  readonly pid: number;
  /** Stops it with SIGTERM (SIGKILL after 5 s). Idempotent. */
  stop(): Promise<void>;
  /** Kills it with SIGKILL, like a crash. Idempotent. */
  kill(): Promise<void>;
  /** Kills it if it runs, and starts it on the same port. */
  restart(): Promise<void>;
}

/**
 * Starts `nats-server` and resolves when it accepts connections. Rejects with BUS_UNREACHABLE if it is not installed or
 * does not start. The server ends with this process at the latest.
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  let running = await launch(options, options.port ?? 0);
  const { port } = running;
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return running.pid;
    },
    stop: () => end(running.child, 'SIGTERM'),
    kill: () => end(running.child, 'SIGKILL'),
    restart: async () => {
      await end(running.child, 'SIGKILL');
      running = await launch(options, port);
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

async function launch(options: NatsServerOptions, port: number): Promise<Running> {
  const command = options.command ?? 'nats-server';
  const args = ['-a', '127.0.0.1', '-p', port === 0 ? '-1' : String(port), ...(options.args ?? [])];
  const env = { ...process.env, ...options.env };
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('exit', () => process.off('exit', killAtExit));
  try {
    const listening = await ready(child, options.startMs ?? 10_000);
    if (child.pid === undefined) throw new ParleyError('BUS_UNREACHABLE', `${command} has no process id`);
    return { child, pid: child.pid, port: listening };
  } catch (error) {
    process.off('exit', killAtExit);
    child.kill('SIGKILL');
    throw error;
  }
}

/** Resolves with the port once the server's log on stderr says that it is ready. */
function ready(child: ChildProcess, startMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    const fail = (detail: string, cause?: unknown) => {
      clearTimeout(timer);
      reject(new ParleyError('BUS_UNREACHABLE', detail, { cause }));
    };
    const timer = setTimeout(
      () => fail(`nats-server was not ready after ${startMs} ms\n${log.join('\n')}`),
      startMs,
    );
    let port = 0;
    child.once('error', (error) =>
      fail(`${child.spawnfile} cannot be started; install it: apt-get install nats-server`, error),
    );
    child.once('exit', (code) => fail(`nats-server ended with code ${code}\n${log.join('\n')}`));
    if (!child.stderr) return fail('nats-server has no log');
    createInterface(child.stderr).on('line', (line) => {
      if (log.length < 50) log.push(line);
      port = Number(/Listening for client connections on .*:(\d+)$/.exec(line)?.[1] ?? port);
      if (!line.endsWith('Server is ready')) return;
      clearTimeout(timer);
      resolve(port);
    });
  });
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(timer);
}
