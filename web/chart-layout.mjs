// Lays the session's statechart out: the machine itself is bundled and asked for its states, and ELK places them.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ELK from 'elkjs/lib/elk.bundled.js';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

export async function layoutChart() {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'inspect/chart/graph.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const source = Buffer.from(outputFiles[0].contents).toString('base64');
  const { chartGraph, layoutOf } = await import(`data:text/javascript;base64,${source}`);
  return layoutOf(await new ELK().layout(chartGraph()));
}
