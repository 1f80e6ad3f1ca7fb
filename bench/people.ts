/** What the embedded recogniser makes of people: accuracy against false accepts, clean and in noise.
 * Run: `npx tsx bench/people.ts --recordings DIR [--noise 24,12,6] [--every 3] [--cache FILE] [--fit]`. DIR has orders/, digits/,
 * keywords/ and noise_kitchen.wav. `--noise 6+rnnoise` puts the denoiser in front of the recogniser. `--every N` hears every Nth recording in noise. `--fit` fits the verdict to the people, by
 * halves and together, and to synthetic voices (needs espeak-ng). With a cache file, an interrupted run goes on where it was.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDialog } from '../actors/dialog/mod.ts';
import { readRecording } from '../server/transcribe/recording.ts';
import { byHalves, fitCalibration, fitVerdict, observe } from './people/fit.ts';
import { hear } from './people/hear.ts';
import { report } from './people/report.ts';
import { syntheticTrials } from './people/synthetic.ts';
import { peopleTrials } from './people/trials.ts';

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    noise: { type: 'string' },
    every: { type: 'string', default: '1' },
    cache: { type: 'string' },
    fit: { type: 'boolean', default: false },
  },
});
const folder = values.recordings ?? process.env.PARLEY_PEOPLE_DIR;
if (folder === undefined) {
  console.error('give the folder of the recordings with --recordings DIR or PARLEY_PEOPLE_DIR');
  process.exit(2);
}
const dialog = parseDialog(await readFile(new URL('../examples/robot.dialog.yaml', import.meta.url), 'utf8'));
const options = {
  ...{ folder, dialog, cache: values.cache },
  noise: await readRecording(join(folder, 'noise_kitchen.wav')),
};
const trials = peopleTrials(folder);
// Each recording has two trials.
const some = trials.filter((_, i) => (i >> 1) % Number(values.every) === 0);
const clean = await hear(trials, { ...options, noises: ['clean'] });
const synthetic = values.fit ? await hear(syntheticTrials(dialog), { ...options, noises: ['clean'] }) : [];
const noisy = await hear(some, { ...options, noises: values.noise?.split(',') ?? [] });
const people = [...clean, ...noisy];
console.log(report(values.fit ? byHalves(people, synthetic, dialog) : observe(people, dialog)));
if (values.fit) {
  console.log(JSON.stringify(fitVerdict([...clean, ...synthetic]), null, 2));
  console.log('calibration of the weights in use:', fitCalibration(clean));
}
