import { existsSync } from 'node:fs';
import { access, constants, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makePrivate, PRIVATE_DIRECTORY, PRIVATE_FILE } from '../adapters/private-files.ts';
import { type DataLock, takeDataLock } from '../adapters/store/data-lock.ts';
import { ParleyError } from '../machines/errors.ts';
import type { Logger } from './log.ts';

export const DATABASE = 'parley.db';
export const PHRASES = 'phrases';
/** Locked by the server of the directory. */
const LOCK = 'server.lock';

/** Files that Parley itself creates in a data directory. */
const OURS = new Set([
  ...[DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`, `${DATABASE}-journal`, PHRASES],
  ...[LOCK, `${LOCK}-journal`],
]);
/** A damaged database that the store moved aside. */
const DAMAGED = `${DATABASE}.damaged-`;
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

/** Makes this process the only server of `dataDir`. Throws DATA_DIR_IN_USE if there is another one. Where files cannot be locked, such as on some network file systems, it logs a warning and returns undefined: sessions of an earlier server are then not continued. */
export function claimDataDirectory(dataDir: string, log: Logger): DataLock | undefined {
  const path = resolve(dataDir, LOCK);
  try {
    return takeDataLock(path);
  } catch (error) {
    if (error instanceof ParleyError) throw error;
    log.warn(
      { err: error },
      `${path} cannot be locked: sessions of an earlier server are not continued, and a second server of this directory would go unnoticed`,
    );
    return undefined;
  }
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
  const isOurs = (name: string) => OURS.has(name) || name.startsWith(DAMAGED);
  const files = names.filter(isOurs).map((name) => join(path, name));
  const shared = names.some((name) => !isOurs(name) && !name.startsWith(PROBE));
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
