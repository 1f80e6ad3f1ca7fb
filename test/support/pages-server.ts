import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { restepped } from '../../lab/bench/inspector-journal.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { parseJournalFile, piecesOf } from '../../server/journal-file.ts';
import { type ParleyProcess, parley } from './processes.ts';

/** The pages as they are now: they are built before the tests begin. */
export const PAGES = fileURLToPath(new URL('../../dist/web', import.meta.url));

/** A server process with the pages, and a folder that is deleted when it stops. */
export interface PagesServer {
  readonly folder: string;
  readonly url: string;
  readonly process: ParleyProcess;
  stop(): Promise<void>;
}

/** Starts a server of the pages; `prepare` fills its data directory before. */
export async function startPagesServer(
  flags: readonly string[] = [],
  prepare: (dataDir: string) => Promise<void> = async () => {},
): Promise<PagesServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-pages-'));
  const data = join(folder, 'data');
  await mkdir(data);
  await prepare(data);
  const process = parley(['serve', '--port', '0', '--data-dir', data, '--pages', PAGES, ...flags]);
  const [, url = ''] = await process.line(/listens on (\S+)/u);
  const stop = async () => {
    await process.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, url, process, stop };
}

/** The text of a recorded conversation of test/golden, as the machine of this version decides. */
export function goldenText(name: string): Promise<string> {
  return recordedText(`test/golden/${name}`);
}

/** The same of a recording anywhere in the package. */
async function recordedText(name: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../${name}.jsonl`, import.meta.url));
  return restepped(await readFile(path, 'utf8'), name);
}

/** Puts recordings of the package into the store of a data directory; resolves with their journals. */
export async function importRecordings(dataDir: string, names: readonly string[]): Promise<Journal[]> {
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  const journals: Journal[] = [];
  for (const name of names) {
    const { journal } = parseJournalFile(await recordedText(name), name);
    await store.importJournal(journal, piecesOf({ journal, audio: [] }));
    journals.push(journal);
  }
  await store.close();
  return journals;
}
