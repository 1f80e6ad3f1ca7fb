import { it } from 'vitest';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { loadBehaviour } from '../../server/behaviour/load.ts';
import { explore } from '../../testing/behaviour/explore.ts';
it('walks', async () => {
  const FILE = fileURLToPath(new URL('../../examples/delivery/delivery.behaviour.ts', import.meta.url));
  const program = await loadBehaviour(FILE);
  const dialog = parseDialog('entries: [{ id: hi, phrases: hi, replies: Hello. }]');
  const resamplers = await speexResampler();
  const at = performance.now();
  const { paths, ...more } = await explore({ machine: program.machine, dialog, resamplers, source: readFileSync(FILE, 'utf8') });
  console.log(JSON.stringify(more, null, 1), performance.now() - at, paths.length);
  for (const path of paths.slice(-3)) console.log(path.shows, path.lines.map(l => (l.kind === 'state' ? '   -> ' : '') + l.text).join('\n'));
}, 200000);
