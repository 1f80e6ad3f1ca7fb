// Builds the package into dist/: a bundle for the browser with its two worklets, one for Node, and the types.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const source = (name) => join(here, 'src', name);
const shared = { bundle: true, format: 'esm', outdir: dist, legalComments: 'none', logLevel: 'warning' };

rmSync(dist, { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: {
      browser: source('browser/mod.ts'),
      opus: source('browser/opus.ts'),
      'worklet-capture': source('browser/worklets/capture.ts'),
      'worklet-playout': source('browser/worklets/playout.ts'),
    },
    target: ['chrome110', 'firefox115', 'safari16'],
    // The codec imports it only where it runs in Node.
    external: ['node:module'],
  }),
  build({
    ...shared,
    entryPoints: { node: source('node/mod.ts') },
    platform: 'node',
    target: 'node20',
    external: ['ws', 'libopus-wasm'],
  }),
]);
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', here], { stdio: 'inherit' });
