// Bundles the pages for the browser. Every file is loaded by its own URL: nothing inline, nothing from elsewhere.
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

/** One entry a script; the worklets run in the audio thread and so are scripts of their own. */
const SCRIPTS = {
  talk: 'talk/main.ts',
  'worklet-capture': 'talk/worklets/capture.ts',
  'worklet-playout': 'talk/worklets/playout.ts',
};
const COPIES = { 'index.html': 'talk/index.html', 'talk.css': 'talk/talk.css', 'icon.svg': 'talk/icon.svg' };

export async function buildPages(outDir) {
  await mkdir(outDir, { recursive: true });
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(SCRIPTS).map(([name, source]) => [name, join(here, source)]),
    ),
    outdir: outDir,
    bundle: true,
    format: 'esm',
    target: ['chrome110', 'firefox115', 'safari16'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  await Promise.all(
    Object.entries(COPIES).map(([name, source]) => copyFile(join(here, source), join(outDir, name))),
  );
}
