import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { codeOf } from './disk.ts';

/** The archive of a model while it is downloaded, in the workspace. */
export const ARCHIVE = 'archive';
/** Age after which the download of another machine in a shared folder counts as given up, ms. */
const ABANDONED_MS = 600_000;

/** Workspaces that this process uses. */
const active = new Set<string>();
let opened = 0;

/**
 * Runs a pull of `name` in a folder of its own inside `modelsDir`, which it removes afterwards. If the pull fails the
 * folder stays, and the next pull takes it over to resume; the folder of a running pull is left to it.
 */
export async function inWorkspace<Result>(
  name: string,
  modelsDir: string,
  pull: (dir: string) => Promise<Result>,
): Promise<Result> {
  const prefix = `.pull-${name}@`;
  const dir = join(modelsDir, `${prefix}${hostname()}@${process.pid}@${opened++}`);
  active.add(dir);
  try {
    await mkdir(modelsDir, { recursive: true });
    const [first, ...others] = await abandoned(modelsDir, prefix);
    if (first === undefined || !(await takeOver(first, dir))) await mkdir(dir);
    for (const other of others) await rm(other, { recursive: true, force: true });
    const result = await pull(dir);
    await rm(dir, { recursive: true, force: true });
    return result;
  } finally {
    active.delete(dir);
  }
}

/** False if another pull was first. */
async function takeOver(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function abandoned(modelsDir: string, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const one of await readdir(modelsDir)) {
    const dir = join(modelsDir, one);
    if (!one.startsWith(prefix) || active.has(dir)) continue;
    const [host, pid] = one.slice(prefix.length).split('@');
    if (host === hostname() ? !isRunning(Number(pid)) : await isOld(dir)) found.push(dir);
  }
  return found;
}

/** In a container the next process often has the same id. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function isOld(dir: string): Promise<boolean> {
  for (const path of [join(dir, ARCHIVE), dir]) {
    try {
      return Date.now() - (await stat(path)).mtimeMs > ABANDONED_MS;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return false;
}
