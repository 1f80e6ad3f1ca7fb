import { existsSync } from 'node:fs';
import { access, constants, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makePrivate, PRIVATE_DIRECTORY, PRIVATE_FILE } from '../adapters/private-files.ts';
import { ParleyError } from '../machines/errors.ts';

export const DATABASE = 'parley.db';
export const PHRASES = 'phrases';
/** Locked by the server that continues the sessions of the one before. */
export const LOCK = 'server.lock';

/** Files that Parley itself creates in a data directory. */
const OURS = new Set([
  ...[DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`, `${DATABASE}-journal`, PHRASES],
  ...[LOCK, `${LOCK}-journal`],
]);
const PROBE = '.parley-probe';
/** A full disk does not prevent a start; the store reports it as a health problem. */
const FULL = ['ENOSPC', 'EDQUOT'];

/** Creates `dataDir` if necessary, checks that it is writable, and makes it private to its owner. Resolves with warnings. Rejects with DATA_DIR_UNUSABLE. A directory that also contains other files keeps its permissions; Parley's own files are private in any case.
 */
export async function prepareDataDirectory(dataDir: string): Promise<readonly string[]> {
  const path = resolve(dataDir);
  try {
    await make(path);
    await tryToWrite(path);
    await access(join(path, DATABASE), constants.R_OK | constants.W_OK).catch(unlessMissing);
  } catch (cause) {
    throw new ParleyError('DATA_DIR_UNUSABLE', `${path}: ${reasonOf(cause)}`, { cause });
  }
  return hide(path);
}

/** Not `mkdir` with `recursive`: in Node 20 it never returns where nothing can be created, such as in `/proc`. */
async function make(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || existsSync(parent)) throw error;
    await make(parent);
    await mkdir(path, { mode: PRIVATE_DIRECTORY });
  }
}

async function tryToWrite(path: string): Promise<void> {
  const probe = join(path, `${PROBE}-${process.pid}`);
  try {
    await (await open(probe, 'w', PRIVATE_FILE)).close();
  } catch (error) {
    if (!FULL.includes(codeOf(error))) throw error;
  } finally {
    await rm(probe, { force: true });
  }
}

async function hide(path: string): Promise<readonly string[]> {
  const names = await readdir(path);
  const files = names.filter((name) => OURS.has(name)).map((name) => join(path, name));
  const shared = names.some((name) => !OURS.has(name) && !name.startsWith(PROBE));
  const warnings: string[] = [];
  for (const one of shared ? files : [path, ...files]) {
    try {
      await makePrivate(one);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') warnings.push(`${one} stays readable by others: ${reasonOf(error)}`);
    }
  }
  if (shared && ((await stat(path)).mode & 0o077) !== 0)
    warnings.push(
      `other users can list ${path}, and Parley keeps its permissions because it also contains other files: run chmod 700 on it, or choose a separate directory with --data-dir`,
    );
  return warnings;
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
