import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** Calls `cleanup` when the running test has finished; the last one first. */
export function afterTest(cleanup: () => unknown): void {
  onTestFinished(async () => {
    await cleanup();
  });
}

/** A new folder, deleted when the running test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'));
  afterTest(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A new folder, deleted when all tests of the file have finished. */
export function folderOfFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
