import { existsSync, readFileSync } from 'node:fs';

/** Modules, threads, the database and a few connections; each session takes one more. */
export const MIN_OPEN_FILES = 256;

/** How many files this process may open at once; undefined where the system does not say it so (not Linux) or sets no limit. */
export function openFileLimit(path = '/proc/self/limits'): number | undefined {
  if (!existsSync(path)) return undefined;
  const [, limit] = /^Max open files\s+(\d+)/mu.exec(readFileSync(path, 'utf8')) ?? [];
  return limit === undefined ? undefined : Number(limit);
}
