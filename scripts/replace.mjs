// Replaces the files of a folder by newer ones, each whole.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Moves the files of `from` that `to` lacks, or has with another content, to `to`. A process that reads `to` meanwhile finds each
 * file old or new, and not in part: a server may start threads and processes during a build. Both folders are on one file system.
 */
export function replaceFiles(from, to) {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const made = join(entry.parentPath, entry.name);
    const target = join(to, made.slice(from.length));
    if (isSame(made, target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(made, target);
  }
}

function isSame(made, target) {
  const [one, other] = [made, target].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (!one || !other || one.size !== other.size) return false;
  // Hard links to one file, or two files.
  return (one.ino === other.ino && one.dev === other.dev) || readFileSync(made).equals(readFileSync(target));
}
