import { Worker, type WorkerOptions } from 'node:worker_threads';
import { startWorkerThread } from '../worker-thread.ts';

/**
 * Starts SQLite's thread. From the sources, the thread registers tsx by itself: a `--import tsx` among its arguments
 * has no effect on the file that a thread is started with (Node 20.20, tsx 4.23).
 */
export function startSqliteThread(options: WorkerOptions): Worker {
  const from = import.meta.url;
  if (!from.endsWith('.ts')) return startWorkerThread(from, 'sqlite-worker', options);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const body = JSON.stringify(new URL('./sqlite-worker.ts', from).href);
  const boot = `import(${tsx}).then((tsx) => { tsx.register(); return import(${body}); });`;
  return new Worker(boot, { ...options, eval: true, execArgv: [] });
}
