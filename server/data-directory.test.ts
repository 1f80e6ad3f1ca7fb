import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import { ADVICE } from '../machines/advice.ts';
import { temporaryFolder } from '../test/support/after-test.ts';
import { prepareDataDirectory } from './data-directory.ts';

let folder: string;
let dataDir: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  dataDir = join(folder, 'data');
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** Permissions of the directory and of everything in it, by name. */
function modes(): Record<string, string> {
  const inside = readdirSync(dataDir).map((name) => [name, modeOf(join(dataDir, name))]);
  return { '.': modeOf(dataDir), ...Object.fromEntries(inside) };
}

async function writeSession(): Promise<() => Promise<void>> {
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  await store.saveSession({ session: 's1', startedAt: '2026-01-02T03:04:05.000Z', language: 'en' });
  return () => store.close();
}

const PRIVATE = { '.': '700', 'parley.db': '600', 'parley.db-shm': '600', 'parley.db-wal': '600' };

describe('the data directory', () => {
  it('and the database, its log and its shared memory are readable by their owner only', async () => {
    expect(await prepareDataDirectory(dataDir)).toEqual([]);
    const close = await writeSession();
    expect(modes()).toEqual(PRIVATE);
    await close();
  });

  it('is private too when only the store creates it', async () => {
    const close = await writeSession();
    expect(modes()).toEqual(PRIVATE);
    await close();
  });

  it('becomes private at the start if an older version created it readable for others', async () => {
    const close = await writeSession();
    mkdirSync(join(dataDir, 'phrases'), { mode: 0o755 });
    for (const name of readdirSync(dataDir)) chmodSync(join(dataDir, name), 0o755);
    chmodSync(dataDir, 0o777);
    expect(await prepareDataDirectory(dataDir)).toEqual([]);
    expect(Object.values(modes()).map((mode) => mode.slice(1))).toEqual(Array(5).fill('00'));
    await close();
  });

  it('keeps its permissions if it also contains other files, with a warning that says what to do', async () => {
    mkdirSync(dataDir, { mode: 0o755 });
    writeFileSync(join(dataDir, 'notes.txt'), 'mine', { mode: 0o644 });
    writeFileSync(join(dataDir, 'parley.db'), '', { mode: 0o644 });
    expect(await prepareDataDirectory(dataDir)).toEqual([expect.stringContaining(`chmod 700`)]);
    expect(modes()).toEqual({ '.': '755', 'notes.txt': '644', 'parley.db': '600' });
  });

  it.each([
    ['below a file', () => writeFileSync(dataDir, ''), () => join(dataDir, 'deeper')],
    ['a file', () => writeFileSync(dataDir, ''), () => dataDir],
    ['where nothing can be made', () => {}, () => '/proc/parley'],
  ])('is refused with what to do if it is %s', async (_what, arrange, path) => {
    arrange();
    await expect(prepareDataDirectory(path())).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining(path()),
    });
    expect(ADVICE.DATA_DIR_UNUSABLE).toContain('--data-dir');
  });
});
