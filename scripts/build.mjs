// Compiles the sources to dist/, when they are newer than the last build.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../native/lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const sources = [
  'machines',
  'actors',
  'adapters',
  'server',
  'web',
  'bench',
  'testing',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const upToDate = () => {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Math.max(...sources.map((path) => newest(join(root, path)))) <= built;
};

if (!upToDate()) {
  await withLock(
    join(root, 'dist', '.compiling'),
    (pid) => console.error(`parley: process ${pid} is compiling; waiting for it …`),
    async () => {
      if (!upToDate()) await compile();
    },
  );
  if (process.exitCode) process.exit();
}

async function compile() {
  console.error('parley: compiling …');
  const started = new Date();
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.build.json')],
    { stdio: 'inherit', cwd: root },
  );
  if (tsc.status !== 0) {
    process.exitCode = 1;
    return;
  }
  const { writeMachineHash } = await import('../dist/server/machine-hash.js');
  writeMachineHash(join(root, 'machines'), join(root, 'dist', 'machines'));
  await (await import('../web/build.mjs')).buildPages(join(root, 'dist', 'web'));
  await (await import('./vendor.mjs')).vendor(root);
  writeFileSync(stamp, started.toISOString());
  // A source that changed meanwhile is newer than the start.
  utimesSync(stamp, started, started);
}
