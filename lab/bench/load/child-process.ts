import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface BenchProcessOptions {
  /** Module of `lab/bench/load/` without extension, such as `server-process`; or the path of a JavaScript file. */
  readonly module: string;
  /** Allowed processors in the format of `taskset -c`. Default: all. */
  readonly cpus?: string | undefined;
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of the benchmark. It ends with this process in any case. */
export interface BenchProcess {
  readonly pid: number;
  /** Sends a request; rejects when it fails, when the process ends, or without an answer for `timeoutMs`. */
  ask(what: string, argument: unknown, timeoutMs?: number): Promise<unknown>;
  /** Stops it gracefully, or kills it after 5 s. Idempotent. */
  stop(): Promise<void>;
}

const reply = z.union([
  z.object({ id: z.number(), answer: z.unknown() }),
  z.object({ id: z.number(), error: z.string() }),
]);
const question = z.object({ id: z.number(), ask: z.string(), argument: z.unknown() });

const STOP_MS = 5_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a module beside this one as a process, from source or compiled like this one. */
export function startProcess(options: BenchProcessOptions): BenchProcess {
  const fromSource = import.meta.url.endsWith('.ts');
  const script = isAbsolute(options.module)
    ? options.module
    : fileURLToPath(new URL(`./${options.module}.${fromSource ? 'ts' : 'js'}`, import.meta.url));
  const node = [
    process.execPath,
    ...(options.nodeFlags ?? []),
    ...(fromSource ? ['--import', 'tsx'] : []),
    script,
  ];
  const [command = '', ...args] =
    options.cpus === undefined ? node : ['taskset', '-c', options.cpus, ...node];
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...options.env },
  });
  return new Running(child, basename(options.module));
}

class Running implements BenchProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #asked = 0;
  #ended: Error | undefined;

  constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    running.add(child);
    const end = (error: Error) => {
      this.#ended ??= error;
      running.delete(child);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    child.on('error', end);
    child.on('exit', (code, signal) => end(new Error(`${name} ended with ${signal ?? code}`)));
    child.on('message', (message) => {
      const parsed = reply.parse(message);
      const waiter = this.#waiting.get(parsed.id);
      this.#waiting.delete(parsed.id);
      if ('error' in parsed) waiter?.reject(new Error(`${name}: ${parsed.error}`));
      else waiter?.resolve(parsed.answer);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(what: string, argument: unknown, timeoutMs = 30_000): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.#name} did not answer ${what} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#child.send({ id, ask: what, argument }, (error) => {
        if (error) this.#waiting.get(id)?.reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    this.ask('stop', undefined, STOP_MS).catch(() => {}); // the end of the process is the answer
    await exited;
    clearTimeout(timer);
  }
}

export type Answerers = Readonly<Record<string, (argument: unknown) => unknown>>;

/** The child's side: answers the parent's requests, and ends on `stop` (after `close`) or when the parent has ended. */
export function answerParent(answerers: Answerers, close: () => Promise<void>): void {
  const answer = async (message: unknown) => {
    const { id, ask, argument } = question.parse(message);
    if (ask === 'stop') {
      await close();
      process.exit(0);
    }
    try {
      const answerer = answerers[ask];
      if (!answerer) throw new Error(`unknown request: ${ask}`);
      process.send?.({ id, answer: await answerer(argument) });
    } catch (thrown) {
      process.send?.({
        id,
        error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      });
    }
  };
  process.on('message', (message) => void answer(message));
  process.on('disconnect', () => process.exit(1));
  // Ctrl-C reaches the whole process group; the parent decides when this process ends.
  process.on('SIGINT', () => {});
}
