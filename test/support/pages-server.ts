import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { restepped } from '../../bench/inspector-journal.ts';
import { buildPages } from '../../web/build.mjs';
import { type ParleyProcess, parley } from './processes.ts';

/** A server process with the pages as they are now, and a folder that is deleted when it stops. */
export interface PagesServer {
  readonly folder: string;
  readonly url: string;
  readonly process: ParleyProcess;
  stop(): Promise<void>;
}

/** Builds the pages and starts a server of them; `prepare` fills its data directory before. */
export async function startPagesServer(
  flags: readonly string[] = [],
  prepare: (dataDir: string) => Promise<void> = async () => {},
): Promise<PagesServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-pages-'));
  const [pages, data] = [join(folder, 'pages'), join(folder, 'data')];
  await mkdir(data);
  await buildPages(pages);
  await prepare(data);
  const process = parley(['serve', '--port', '0', '--data-dir', data, '--pages', pages, ...flags]);
  const [, url = ''] = await process.line(/listens on (\S+)/u);
  const stop = async () => {
    await process.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, url, process, stop };
}

/** The text of a recorded conversation of test/golden, as the machine of this version decides. */
export async function goldenText(name: string): Promise<string> {
  const recorded = fileURLToPath(new URL(`../golden/${name}.jsonl`, import.meta.url));
  return restepped(await readFile(recorded, 'utf8'), name);
}
