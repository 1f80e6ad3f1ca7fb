import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../../scripts/build.mjs';

/** Compiles the sources if they have changed: worker threads and the processes of tests run dist/. */
export default async () => {
  await ensureBuilt({ checked: false });
  // Each project has this setup, and all share one folder.
  if (process.env.TEST_PHRASES !== undefined) return () => {};
  const folder = mkdtempSync(join(tmpdir(), 'parley-phrases-'));
  process.env.TEST_PHRASES = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
