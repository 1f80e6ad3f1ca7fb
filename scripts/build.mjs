// Compiles the sources to dist/ if they are newer than the last build. Types are checked for tests and the package, but
// not to start the server, which halves the time.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../native/lock.mjs';
import { replaceFiles } from './replace.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
/** What is compiled, until it replaces dist/: source maps need a folder beside it. */
const fresh = join(root, '.dist');
const sources = [
  'machines',
  'actors',
  'adapters',
  'server',
  'web',
  'clients/typescript/src',
  'lab',
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

/** True if dist/ is newer than the sources, and its types were checked if required. */
function upToDate(checked) {
  const built = statSync(stamp, { throwIfNoEntry: false });
  if (!built || Math.max(...sources.map((path) => newest(join(root, path)))) > built.mtimeMs) return false;
  return !checked || readFileSync(stamp, 'utf8') === CHECKED;
}

const CHECKED = 'types checked';

/** Exits with 1, after the compiler's messages, if the sources do not compile. */
export async function ensureBuilt({ checked }) {
  if (upToDate(checked)) return;
  const compiled = await withLock(
    join(root, 'dist', '.compiling'),
    (pid) => console.error(`parley: process ${pid} is compiling; waiting for it …`),
    () => upToDate(checked) || compile(checked),
  );
  if (!compiled) process.exit(1);
}

async function compile(checked) {
  console.error('parley: compiling …');
  const started = new Date();
  rmSync(fresh, { recursive: true, force: true });
  const { buildPages } = await import('../web/build.mjs');
  const pages = buildPages(join(fresh, 'web'));
  const [compiled] = await Promise.all([typescript(checked), pages]);
  if (!compiled) return false;
  await (await import('./vendor.mjs')).vendor(root, fresh);
  replaceFiles(fresh, join(root, 'dist'));
  rmSync(fresh, { recursive: true });
  const { writeMachineHash } = await import('../dist/server/machine-hash.js');
  writeMachineHash(join(root, 'machines'), join(root, 'dist', 'machines'));
  writeFileSync(stamp, checked ? CHECKED : '');
  // A source that changes during the build is newer than its start.
  utimesSync(stamp, started, started);
  return true;
}

function typescript(checked) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh];
  if (!checked) args.push('--noCheck');
  const child = spawn(process.execPath, args, { stdio: 'inherit', cwd: root });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0));
  });
}
