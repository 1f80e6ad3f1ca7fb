import { availableParallelism } from 'node:os';
import type { Config } from '../config/schema.ts';

/** Number of server processes that the configuration asks for. */
export function processCount({ processes }: Pick<Config, 'processes'>): number {
  return processes === 'auto' ? availableParallelism() : Number(processes);
}
