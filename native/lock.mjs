// A lock between processes: a folder that holds the owner's pid. Making and renaming a folder are atomic everywhere.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 100;
/** An owner writes its pid at once after making the folder; without one after this long, it died in between. */
const NAMELESS_MS = 5_000;

/**
 * Runs `body` while no other process that uses the lock `path` does. The lock of a process that died is taken over.
 * `onWait` gets the owner's pid once if somebody else holds it.
 */
export async function withLock(path, onWait, body) {
  mkdirSync(dirname(path), { recursive: true });
  let waited = false;
  while (!acquire(path)) {
    const owner = ownerOf(path);
    if (!waited && owner !== undefined) {
      waited = true;
      onWait(owner);
    }
    await wait(POLL_MS);
  }
  try {
    return await body();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function acquire(path) {
  try {
    mkdirSync(path);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (abandoned(path)) {
      // Of several that take it over, one succeeds at the rename; all then try anew.
      const aside = `${path}.${process.pid}`;
      try {
        renameSync(path, aside);
        rmSync(aside, { recursive: true, force: true });
      } catch {}
    }
    return false;
  }
  writeFileSync(join(path, 'pid'), String(process.pid));
  return true;
}

function ownerOf(path) {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function abandoned(path) {
  const owner = ownerOf(path);
  if (owner === undefined) {
    const made = statSync(path, { throwIfNoEntry: false });
    return made !== undefined && Date.now() - made.mtimeMs > NAMELESS_MS;
  }
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
