import { Worker, type WorkerOptions } from 'node:worker_threads';

/** The root of the clone, where `dist` is, or of the compiled output. */
const root = new URL('..', import.meta.url).href;

/** Three times V8's semi-space: without it a busy thread keeps 48 MB for its young objects. */
const LIMITS = { maxYoungGenerationSizeMb: 6 };

/**
 * Starts the module `name` (without extension), beside the module `from`, as a worker thread. In a process that runs the
 * sources (tests, `tsx`) the thread runs what `npm run build` made of them: loading a compiler first would take it a second.
 */
export function startWorkerThread(from: string, name: string, options: WorkerOptions = {}): Worker {
  // Flags of the process are not for its threads: with --input-type, for example, none would start.
  return new Worker(compiledModule(from, name), { execArgv: [], resourceLimits: LIMITS, ...options });
}

/** The compiled module `name` beside the module `from`. */
export function compiledModule(from: string, name: string): URL {
  const { href } = new URL(`./${name}.js`, from);
  return new URL(from.endsWith('.ts') ? `${root}dist/${href.slice(root.length)}` : href);
}
