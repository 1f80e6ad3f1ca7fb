import { spawn, spawnSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { folderOfFile } from '../support/after-test.ts';
import { COMMAND, type ParleyProcess, parley, watched } from '../support/processes.ts';

const folder = folderOfFile();

/** A server whose data directory cannot be written, by root either: a read-only mount that only it sees, or, where mounts are not allowed, a place in /proc. */
function serveReadOnly(): { server: ParleyProcess; dataDir: string } {
  const mounts =
    spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', '-o', 'ro', 'none', folder]).status === 0;
  const dataDir = mounts ? folder : '/proc/parley';
  const args = ['serve', '--port', '0', '--data-dir', dataDir];
  if (!mounts) return { server: parley(args), dataDir };
  const script = 'mount -t tmpfs -o ro none "$0" && exec "$@"';
  const node = [process.execPath, COMMAND, ...args];
  const child = spawn('unshare', ['-rm', 'sh', '-c', script, dataDir, ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { server: watched(child), dataDir };
}

it('a server whose data directory is read-only does not start, and says which and what to do', async () => {
  const { server, dataDir } = serveReadOnly();
  onTestFinished(() => server.kill());
  expect(await server.exited).toBe(1);
  const printed = server.lines.join('\n');
  expect(printed).toContain('code: DATA_DIR_UNUSABLE');
  expect(printed).toMatch(new RegExp(`${dataDir}: (EROFS|ENOENT)`, 'u'));
  expect(printed).toContain('--data-dir');
  expect(printed).not.toMatch(/^\s+at |defect/mu);
});
