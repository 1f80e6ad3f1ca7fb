/** Log odds of "stop" as a whole word, and of people's other speech, by what sounds beside it: how many are above which level.
 * Run: `npx tsx lab/hearing/stop-word-report.ts --people DIR`. DIR is laid out as for lab/hearing/hearing.ts. Only the half that
 * lab/hearing/stop-word.ts was not given is heard.
 */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stopEar } from '../../adapters/spotter/word/stop.ts';
import { WordSpotter } from '../../adapters/spotter/word/word-spotter.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { Sounds } from '../../testing/eval/sounds.ts';
import { seedOf, WordScenes } from './figures/scenes.ts';
import { type Condition, figureTrials, PIECE_MS } from './figures/trials.ts';

const LEVELS = [-2, -1, 0, 1, 2, 3, 4, 5, 6];
const REPORTED = 1;
const BYTES_A_MS = 32;
/** Lone words are also heard over these. */
const OVER: readonly Condition[] = ['white', 'hum', 'babble', 'kitchen'];
/** Around the end of the word, as the lane looks at it. */
const BEFORE = samplesInMs(1_450, PIPELINE_RATE);
const AFTER = samplesInMs(400, PIPELINE_RATE);

const { values } = parseArgs({ options: { people: { type: 'string' } } });
if (values.people === undefined) {
  console.error('give the folder of the recordings with --people DIR');
  process.exit(2);
}
const tts = espeakTts();
const { embedding, network } = await stopEar();
const scenes = new WordScenes(new Sounds(tts), values.people);
const best = new Map<string, number[]>();

async function look(group: string, samples: Int16Array): Promise<void> {
  const looks = await new WordSpotter(embedding, network).push(samples);
  const highest = Math.max(...looks.map(({ logOdds }) => logOdds));
  best.set(group, [...(best.get(group) ?? []), highest]);
}

async function lookAtWord(group: string, path: string, condition: Condition): Promise<void> {
  const { samples, wordEnd } = await scenes.scene(path, condition, seedOf(path));
  await look(group, samples.subarray(Math.max(0, wordEnd - BEFORE), wordEnd + AFTER));
}

const trials = figureTrials(values.people, (path) => statSync(path).size / BYTES_A_MS);
for (const trial of trials.filter(({ half }) => half === REPORTED)) {
  if (trial.kind === 'stop') await lookAtWord(`"stop", ${trial.condition}`, trial.path, trial.condition);
  if (trial.kind !== 'false stop') continue;
  await look(trial.group, await scenes.other(trial.path, trial.fromMs, PIECE_MS));
  if (trial.path.includes('speech-commands'))
    for (const over of OVER) await lookAtWord(`words, ${over}`, trial.path, over);
}
await embedding.close();
await tts.close();
for (const [group, odds] of best) {
  const counts = LEVELS.map((level) => `${level}: ${odds.filter((one) => one > level).length}`);
  console.log(`${group}, of ${odds.length} above ${counts.join(', ')}`);
}
