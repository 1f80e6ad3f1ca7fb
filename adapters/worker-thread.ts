import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts `name` (without ending), beside the module `from`, as a worker thread: the built `.js`, or, where
 * the sources run themselves (tests), the `.ts` through tsx.
 */
export function startWorkerThread(from: string, name: string, options: WorkerOptions = {}): Worker {
  const fromSource = from.endsWith('.ts');
  const url = new URL(`./${name}${fromSource ? '.ts' : '.js'}`, from);
  return new Worker(url, fromSource ? { ...options, execArgv: ['--import', 'tsx'] } : options);
}
