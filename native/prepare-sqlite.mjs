// Builds SQLite for Node 20, once per user. Does nothing on Node 22 and newer.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const manifest = fileURLToPath(new URL('./node20', import.meta.url));
const REPORT_MS = 15_000;
const LAST_LINES = 30;

/** Makes sure that this Node can load SQLite. If the build fails, ends the process with advice. */
export async function prepareSqlite() {
  // The output is there by now; when this module is loaded it may not be.
  const { NEEDS_OWN_SQLITE, ownSqliteFolder } = await import('../dist/adapters/store/sqlite-binding.js');
  if (!NEEDS_OWN_SQLITE) return;
  try {
    await buildOnce(ownSqliteFolder);
  } catch (error) {
    console.error(
      `parley: SQLite could not be built: ${error.message}\n` +
        'parley: the build needs the npm registry, the headers of Node, python3, make and a C++ compiler; ' +
        'XDG_CACHE_HOME names another folder to build in. Node 22 and newer need none of this.',
    );
    process.exit(1);
  }
}

async function buildOnce(ownSqliteFolder) {
  const { dependencies } = JSON.parse(readFileSync(join(manifest, 'package.json'), 'utf8'));
  const folder = ownSqliteFolder(dependencies['better-sqlite3']);
  if (existsSync(folder)) return;
  await withLock(
    `${folder}.lock`,
    (pid) => console.error(`parley: process ${pid} is building SQLite; waiting for it …`),
    async () => {
      if (!existsSync(folder)) await buildInto(folder);
    },
  );
}

/** Builds in a temporary folder and renames it after a successful load, so that the final folder is always complete. */
async function buildInto(folder) {
  console.error(
    'parley: building SQLite for Node 20, once on this machine; it takes a minute or two (Node 22 and newer need no build) …',
  );
  const parts = `${folder}.${process.pid}`;
  mkdirSync(parts, { recursive: true });
  try {
    cpSync(manifest, parts, { recursive: true });
    await npm(['ci', '--ignore-scripts=false', '--no-audit', '--no-fund'], parts);
    const module = join(parts, 'node_modules', 'better-sqlite3');
    const check = `new (require(${JSON.stringify(module)}))(':memory:').close()`;
    const loaded = spawnSync(process.execPath, ['-e', check], { encoding: 'utf8' });
    if (loaded.status !== 0) throw new Error(`the built SQLite cannot be loaded: ${loaded.stderr}`);
    for (const rest of ['deps', 'src', 'build/Release/obj', 'build/Release/obj.target'])
      rmSync(join(module, rest), { recursive: true, force: true });
    renameSync(parts, folder);
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

/** Runs npm with this Node, not the first one in PATH. Shows its output only on failure. */
function npm(args, cwd) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(local_)?prefix|lifecycle|package)/i.test(name),
    ),
  );
  env.PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`;
  env.JOBS = 'max';
  const started = Date.now();
  const report = setInterval(
    () => console.error(`parley: still building SQLite (${Math.round((Date.now() - started) / 1000)} s) …`),
    REPORT_MS,
  );
  const child = spawn('npm', args, {
    cwd,
    env,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => output.push(text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const lines = output.join('').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
      reject(new Error(`npm ${args.join(' ')} failed in ${cwd}:\n${lines}`));
    });
  }).finally(() => clearInterval(report));
}
