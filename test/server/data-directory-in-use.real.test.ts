import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { parley, WITHOUT_ENGINES } from '../support/processes.ts';

function serve(dataDir: string, ...args: string[]) {
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...WITHOUT_ENGINES, ...args]);
  afterTest(() => server.stop());
  return server;
}

describe('a second server of one data directory', () => {
  it.each([
    { first: 'one process', second: 'one process', has: [], starts: [] },
    { first: 'one process', second: 'two processes', has: [], starts: ['--processes', '2'] },
    { first: 'two processes', second: 'one process', has: ['--processes', '2'], starts: [] },
  ])(
    'with $second is refused while one with $first runs, and starts when that is killed',
    async (servers) => {
      const dataDir = await temporaryFolder();
      const first = serve(dataDir, ...servers.has);
      await first.line(/listens on/u);
      const second = serve(dataDir, ...servers.starts);
      expect(await second.exited).toBe(1);
      const printed = second.lines.join('\n');
      expect(printed).toContain('DATA_DIR_IN_USE');
      expect(printed).toContain('another server uses this data directory');
      expect(printed).toContain('--data-dir');

      // Other commands read the records of a running server.
      const list = parley(['journal', 'list', '--data-dir', dataDir]);
      expect(await list.exited).toBe(0);

      await first.kill();
      await serve(dataDir, ...servers.starts).line(/listens on/u);
    },
  );

  it('would go unnoticed where files cannot be locked: the server starts with a warning', async () => {
    const dataDir = await temporaryFolder();
    await writeFile(join(dataDir, 'server.lock'), 'This is not a lock of SQLite. '.repeat(100));
    const server = serve(dataDir);
    await server.line(/listens on/u);
    expect(server.lines.join('\n')).toContain('sessions of an earlier server are not continued');
  });
});
