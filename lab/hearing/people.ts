/** What the embedded recogniser makes of people: accuracy against false accepts, clean and in noise.
 * Run: `npx tsx lab/hearing/people.ts --recordings DIR [--noise '24 kitchen,12 babble'] [--every 3] [--cache FILE] [--fit]`. DIR has orders/, digits/,
 * keywords/ and noise_kitchen.wav; other noises are those of `parley eval`. `--noise '6 kitchen+rnnoise'` puts the denoiser in front of the recogniser. `--every N` hears every Nth recording in noise. `--fit` fits the verdict to the people, by
 * halves and together, and to synthetic voices (needs espeak-ng). With a cache file, an interrupted run goes on where it was.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { readRecording } from '../../server/transcribe/recording.ts';
import { levelled, NOISES, Sounds } from '../../testing/eval/sounds.ts';
import { byHalves, fitCalibration, fitVerdict, observe } from './people/fit.ts';
import { hear } from './people/hear.ts';
import { report } from './people/report.ts';
import { syntheticTrials } from './people/synthetic.ts';
import { peopleTrials } from './people/trials.ts';

/** Of a generated noise; its level is then set by the condition. */
const NOISE_MS = 40_000;
const NOISE_DBFS = -30;

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
const dialog = parseDialog(
  await readFile(new URL('../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
);
const tts = espeakTts();
const sounds = new Sounds(tts);
const options = { folder, dialog, cache: values.cache, noise };
const trials = peopleTrials(folder);
// Each recording has two trials.
const some = trials.filter((_, i) => (i >> 1) % Number(values.every) === 0);
const clean = await hear(trials, { ...options, conditions: ['clean'] });
const synthetic = values.fit
  ? await hear(syntheticTrials(dialog), { ...options, conditions: ['clean'] })
  : [];
const noisy = await hear(some, { ...options, conditions: values.noise?.split(',') ?? [] });
await tts.close();
const people = [...clean, ...noisy];
console.log(report(values.fit ? byHalves(people, synthetic, dialog) : observe(people, dialog)));
if (values.fit) {
  console.log(JSON.stringify(fitVerdict([...people, ...synthetic]), null, 2));
  console.log('calibration of the weights in use:', fitCalibration(clean));
}

async function noise(name: string): Promise<Pcm<PipelineRate>> {
  if (name === 'kitchen') return await readRecording(join(String(folder), 'noise_kitchen.wav'));
  const kind = NOISES.find((one) => one === name);
  if (!kind) throw new Error(`no noise is called ${name}`);
  const sound = levelled(await sounds.noise(kind, NOISE_MS, 1), NOISE_DBFS);
  return { rate: PIPELINE_RATE, samples: Int16Array.from(sound, (one) => Math.round(one * 0x7fff)) };
}
