import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { sha256 } from '../adapters/store/sha256.ts';

/** Entry points of the machine: the kernel and the statechart, with everything they import. */
const ENTRIES = ['kernel.ts', 'session/machine.ts'];
/** File beside the compiled machine, for installations without the sources. */
const BUILT = 'machine-hash.json';

const builtSchema = z.object({ sources: z.string() });
const machines = fileURLToPath(new URL('../machines/', import.meta.url));

/** Identifies the version of the code that decides in a session: the statechart, its reducers and policies, the kernel, and XState. Two builds of the same code have the same hash. It covers the TypeScript sources rather than the compiled output, because compilers differ in formatting. Type-only imports do not count, because they do not exist at run time.
 */
export function machineHash(): string {
  own ??= hashed();
  return own;
}

/** The code of a process does not change. */
let own: string | undefined;

function hashed(): string {
  const built = join(machines, BUILT);
  const sources = existsSync(join(machines, ENTRIES[0] ?? ''))
    ? hashOfSources(machines)
    : builtSchema.parse(JSON.parse(readFileSync(built, 'utf8'))).sources;
  return sha256(`${sources} xstate ${xstateVersion()}`);
}

/** For the build: saves the hash of the sources in `from` beside the compiled machine in `to`. */
export function writeMachineHash(from: string, to: string): void {
  writeFileSync(join(to, BUILT), `${JSON.stringify({ sources: hashOfSources(from) })}\n`);
}

/** Hash of the names and texts of the sources in `folder`, independent of line endings and of the folder's path. */
export function hashOfSources(folder: string): string {
  const texts = new Map<string, string>();
  const visit = (path: string) => {
    if (texts.has(path)) return;
    const text = readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n');
    texts.set(path, text);
    for (const imported of importsOf(text)) visit(posix.join(dirname(path), imported));
  };
  ENTRIES.forEach(visit);
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(sorted.map(([path, text]) => `${path}\n${sha256(text)}\n`).join(''));
}

/** Relative imports and exports of a source, except type-only ones. */
function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'(\.[^']+)'/gmu);
  return [...statements].flatMap(([, path]) => (path === undefined ? [] : [path]));
}

function xstateVersion(): string {
  const file = createRequire(import.meta.url).resolve('xstate/package.json');
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}
