// Makes a fresh clone ready to run: the one native module, and the compiled output. Quick when nothing is to do.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function run(what, command, args, env = {}) {
  console.error(`parley: ${what} …`);
  const npm = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (npm.status !== 0) {
    console.error(`parley: ${what} failed (${command} ${args.join(' ')}); see the lines above`);
    process.exit(1);
  }
}

function nativeModuleLoads() {
  try {
    const Database = require('better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

if (!nativeModuleLoads()) {
  run(
    'building better-sqlite3 for this Node (once; takes a minute or two without a prebuilt binary)',
    'npm',
    ['rebuild', 'better-sqlite3', '--ignore-scripts=false'],
    { JOBS: 'max' },
  );
  if (!nativeModuleLoads()) {
    console.error(
      'parley: better-sqlite3 still does not load; it needs python3, make and a C++ compiler to build',
    );
    process.exit(1);
  }
}

await import('./build.mjs');
