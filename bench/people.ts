/** What the embedded recogniser makes of people: accuracy against false accepts, clean and in noise,.
 * Run: `npx tsx bench/people.ts --recordings DIR [--noise 6,12,24] [--cache FILE]`. DIR has orders/, digits/, keywords/ and
 * noise_kitchen.wav. With a cache file, a run that was interrupted goes on where it was.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { haltPhrases, parseDialog } from '../actors/dialog/mod.ts';
import { readRecording } from '../server/transcribe/recording.ts';
import { hear } from './people/hear.ts';
import { report } from './people/report.ts';
import { peopleTrials } from './people/trials.ts';

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    noise: { type: 'string' },
    cache: { type: 'string' },
  },
});
const folder = values.recordings ?? process.env.PARLEY_PEOPLE_DIR;
if (folder === undefined) {
  console.error('give the folder of the recordings with --recordings DIR or PARLEY_PEOPLE_DIR');
  process.exit(2);
}
const dialog = parseDialog(await readFile(new URL('../examples/robot.dialog.yaml', import.meta.url), 'utf8'));
const stops = new Set(haltPhrases(dialog));
const observations = await hear(peopleTrials(folder), {
  ...{ folder, dialog },
  noises: ['clean', ...(values.noise?.split(',') ?? [])],
  noise: await readRecording(join(folder, 'noise_kitchen.wav')),
  cache: values.cache,
});
console.log(report(observations, (text) => stops.has(text)));
