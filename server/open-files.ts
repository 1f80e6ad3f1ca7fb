import { existsSync, readFileSync } from 'node:fs';

/** Needed for modules, threads, the database and a few connections; each session takes one more. */
export const MIN_OPEN_FILES = 256;

/** Maximum number of files this process may open; undefined if unlimited or unknown (not Linux). */
export function openFileLimit(path = '/proc/self/limits'): number | undefined {
  if (!existsSync(path)) return undefined;
  const [, limit] = /^Max open files\s+(\d+)/mu.exec(readFileSync(path, 'utf8')) ?? [];
  return limit === undefined ? undefined : Number(limit);
}
