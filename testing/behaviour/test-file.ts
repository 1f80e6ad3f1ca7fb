/** Tests one behaviour: walks it, and holds the conversations of its pages again. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Explored, type ExploreOptions, explore } from './explore.ts';
import { difference, fileNameOf, type PageDifference, pageOf, parsePage } from './paths.ts';

export interface TestOptions extends ExploreOptions {
  /** Folder of the pages. It need not exist. */
  readonly folder: string;
  /** Writes the pages anew; expectations stay. */
  readonly update: boolean;
}

export interface TestReport extends Explored {
  /** Pages that are no longer as written. */
  readonly changed: readonly (PageDifference & { readonly page: string })[];
  /** Pages there are. */
  readonly pages: number;
}

export async function testBehaviour(options: TestOptions): Promise<TestReport> {
  const explored = await explore(options);
  const written = pagesIn(options.folder);
  if (options.update) {
    update(options.folder, explored, written);
    return { ...explored, changed: [], pages: explored.paths.length };
  }
  const changed: (PageDifference & { readonly page: string })[] = [];
  for (const [page, text] of written) {
    const differs = await difference(options.grounds, parsePage(text));
    if (differs) changed.push({ page, ...differs });
  }
  return { ...explored, changed, pages: written.size };
}

function pagesIn(folder: string): ReadonlyMap<string, string> {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function update(folder: string, { paths }: Explored, written: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  const kept = new Set<string>();
  for (const path of paths) {
    const name = fileNameOf(path);
    kept.add(name);
    const before = written.get(name);
    writeFileSync(
      join(folder, name),
      pageOf(path, before === undefined ? undefined : parsePage(before).expected),
    );
  }
  // A page that expects something is the user's.
  for (const [name, text] of written)
    if (!kept.has(name) && parsePage(text).expected.size === 0) rmSync(join(folder, name));
}
