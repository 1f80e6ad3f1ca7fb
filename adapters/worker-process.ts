import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { PoolThread } from './thread-pool.ts';
import { compiledModule } from './worker-thread.ts';

/** What is kept of a process's standard error, in characters. */
const KEPT_CHARS = 2_000;

/**
 * Starts the module `name`, beside the module `from`, as a process of its own, for native code that ends its process when something
 * is wrong: neither a crash nor a call that never returns harms the server. `data` is what `workerProcess` returns there.
 */
export function startWorkerProcess(from: string, name: string, data: unknown): WorkerProcess {
  return new WorkerProcess(
    fork(compiledModule(from, name), [JSON.stringify(data)], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }),
  );
}

export class WorkerProcess extends EventEmitter implements PoolThread {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  #errors = '';
  #exit: Promise<void>;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    this.pid = child.pid;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_CHARS);
    });
    child.on('message', (message) => this.emit('message', message));
    child.on('error', (error) => this.emit('error', error));
    this.#exit = new Promise((resolve) => {
      // `close` follows when standard error was read to its end too.
      child.on('close', (code, signal) => {
        const reason = this.#errors.trim();
        const how = signal ? `the process ended by ${signal}` : `the process ended with code ${code}`;
        if (code !== 0) this.emit('error', new Error(reason === '' ? how : `${how}: ${reason}`));
        this.emit('exit', code ?? 1);
        resolve();
      });
    });
  }

  postMessage(message: unknown): void {
    if (this.#child.connected) this.#child.send(message as object, () => {});
  }

  async terminate(): Promise<void> {
    // The parent must live until the end.
    this.ref();
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  ref(): void {
    for (const handle of this.#handles()) handle.ref();
  }

  unref(): void {
    for (const handle of this.#handles()) handle.unref();
  }

  /** What keeps this process alive. */
  #handles(): readonly { ref(): void; unref(): void }[] {
    const { channel, stderr } = this.#child;
    return [this.#child, ...(channel ? [channel] : []), ...(stderr instanceof Socket ? [stderr] : [])];
  }
}

export interface WorkerPort {
  /** From `startWorkerProcess`. */
  readonly data: unknown;
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** For the module of a worker process: its side of the connection. The process ends with its parent. */
export function workerProcess(): WorkerPort {
  const { argv } = process;
  const text = argv[2];
  if (!process.send || text === undefined) throw new Error('this file is the body of a worker process');
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  return {
    data: JSON.parse(text),
    send: (message) => process.send?.(message),
    onMessage: (listener) => {
      process.on('message', listener);
    },
  };
}
