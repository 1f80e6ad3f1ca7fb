// A lock between processes: a folder that contains the owner's pid. Creating and renaming a folder is atomic on every
// platform.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 100;
/** Time after which a folder without a pid belongs to a dead owner, in ms: a live one writes its pid at once. */
const NAMELESS_MS = 5_000;

/** Runs `body` while holding the lock `path`. The lock of a dead process is taken over. `onWait` is called once with the owner's pid if another process holds it.
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
      // If several take it over, one rename succeeds; then all retry.
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
