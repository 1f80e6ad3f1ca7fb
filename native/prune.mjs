// Removes files from a project's node_modules that Parley does not need at run time: libraries of other platforms,
// sources, type declarations, source maps; and the library of neural models, unless it is to stay. For container images:
//
//   node node_modules/parley-voice/native/prune.mjs [--keep-sherpa] [node_modules]
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'keep-sherpa': { type: 'boolean' } },
});
const root = resolve(positionals[0] ?? 'node_modules');
if (!existsSync(join(root, 'parley-voice'))) {
  console.error(`parley: no parley-voice in ${root}; pass the project's node_modules`);
  process.exit(1);
}
const before = sizeOf(root);
const { platform, arch } = process;

const runtimes = join(root, 'parley-voice/dist/vendor/onnxruntime-node/bin/napi-v6');
for (const system of entries(runtimes))
  for (const cpu of entries(join(runtimes, system)))
    if (system !== platform || cpu !== arch) remove(join(runtimes, system, cpu));

const sqlite = join(root, 'better-sqlite3');
for (const name of ['deps', 'src']) remove(join(sqlite, name));
for (const name of entries(join(sqlite, 'prebuilds')))
  if (!new RegExp(`^${platform}(musl)?-${arch}\\.node$`).test(name)) remove(join(sqlite, 'prebuilds', name));

if (!values['keep-sherpa'])
  for (const name of entries(root)) if (name.startsWith('sherpa-onnx')) remove(join(root, name));

// The detector of languages has four sizes, of which one is used.
const sizes = join(root, 'eld/src/ngrams');
for (const name of entries(sizes)) if (!name.includes('medium')) remove(join(sizes, name));

// Sources; the compiled files are beside them.
for (const name of ['openai/src', 'superjson/src', 'zod/src', 'parley-voice/docs']) remove(join(root, name));
removeUnread(root);

const mb = (bytes) => `${Math.round(bytes / 1_000_000)} MB`;
console.log(`parley: ${root}: ${mb(before)} before, ${mb(sizeOf(root))} now`);

/** Declarations, source maps and readmes, at any depth; licences stay. */
function removeUnread(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeUnread(path);
    else if (/\.(d\.[mc]?ts|map)$|^(readme|changelog|history)(\.md|\.txt)?$/i.test(entry.name)) remove(path);
  }
}

function entries(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function remove(path) {
  rmSync(path, { recursive: true, force: true });
}

function sizeOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
