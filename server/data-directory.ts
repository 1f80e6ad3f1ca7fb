import { existsSync } from 'node:fs';
import { access, constants, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makePrivate, PRIVATE_DIRECTORY, PRIVATE_FILE } from '../adapters/private-files.ts';
import { ParleyError } from '../machines/errors.ts';

export const DATABASE = 'parley.db';
export const PHRASES = 'phrases';

/** What Parley itself makes in a data directory. */
const OURS = new Set([DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`, `${DATABASE}-journal`, PHRASES]);
const PROBE = '.parley-probe';
/** A full disk does not keep a server from starting: see the health of the store. */
const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * Makes sure that `dataDir` is there, can be written, and can be read by nobody else. Resolves with warnings.
 * Rejects with DATA_DIR_UNUSABLE. A directory that also holds files of others keeps its rights: Parley's own files are
 * private all the same.
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

/** Not `mkdir` with `recursive`: Node 20 never comes back from it where nothing can be made, such as in `/proc`. */
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
      `others can list ${path}, and it holds files that are not Parley's, so its rights stay as they are: run chmod 700 on it, or give Parley a directory of its own with --data-dir`,
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
