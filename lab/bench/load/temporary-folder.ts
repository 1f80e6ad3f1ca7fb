import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();

export interface TemporaryFolder {
  readonly path: string;
  /** Idempotent. */
  remove(): void;
}

/** A folder that is deleted by its owner, or when this process ends. */
export function temporaryFolder(what: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `parley-bench-${what}-`));
  folders.add(path);
  return {
    path,
    remove: () => {
      if (folders.delete(path)) removeNow(path);
    },
  };
}

process.on('exit', () => {
  for (const path of folders) removeNow(path);
});

/** Retried while a process that is being killed still writes there. */
function removeNow(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
