import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Starts the module `name` (without extension), beside the module `from`, as a worker thread: the built `.js`, or the `.ts` when running from sources (tests). `--import tsx` does not apply to a thread's entry file (Node 20.20, tsx 4.23), so from the sources it registers tsx itself.
 */
export function startWorkerThread(from: string, name: string, options: WorkerOptions = {}): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, from), options);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const body = JSON.stringify(new URL(`./${name}.ts`, from).href);
  const boot = `import(${tsx}).then((tsx) => { tsx.register(); return import(${body}); });`;
  return new Worker(boot, { ...options, eval: true, execArgv: [] });
}
