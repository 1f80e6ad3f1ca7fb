import { existsSync, linkSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Set by the global setup: the folder in which the servers of one run of tests share their phrases. */
const shared = process.env.TEST_PHRASES;

/** Gives a process that these arguments start as a server the phrases of the others ({@link shareIn}). */
export function sharePhrases(args: readonly string[]): () => void {
  const dataDir = args[args.indexOf('--data-dir') + 1];
  if (dataDir === undefined || args[0] !== 'serve' || !args.includes('--data-dir')) return () => {};
  return shareIn(dataDir);
}

/**
 * Gives a server of a test the fixed phrases that others have synthesised, as if it had been started before: each set costs some
 * 4 s of processor time. The returned function gives its phrases to the others.
 */
export function shareIn(dataDir: string): () => void {
  if (shared === undefined) return () => {};
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch {
    // The server says what is wrong with this directory.
    return () => {};
  }
  if (statSync(dataDir).dev !== statSync(shared).dev) return () => {};
  const own = join(dataDir, 'phrases');
  if (existsSync(own)) return () => {};
  mkdirSync(own, { mode: 0o700 });
  linkAll(shared, own);
  return () => linkAll(own, shared);
}

/** Phrases have the hash of what they say as their name. Each is complete as soon as it has that name. */
function linkAll(from: string, to: string): void {
  if (!existsSync(from)) return;
  for (const name of readdirSync(from)) {
    if (!name.endsWith('.phrase') || existsSync(join(to, name))) continue;
    try {
      linkSync(join(from, name), join(to, name));
    } catch (error) {
      // Another worker has just given the same phrase.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}
