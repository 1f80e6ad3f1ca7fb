/** Log odds of "stop" as a whole word, and of people's other speech, in a quiet room and in noise.
 * Run: `npx tsx lab/hearing/stop-word-report.ts --recordings DIR`. DIR has keywords/, digits/, orders/ and noise_kitchen.wav, as for lab/hearing/people.ts;
 * of each folder every second recording is heard, and the second half of the kitchen: lab/hearing/stop-word.ts was given the others.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stopEar } from '../../adapters/spotter/word/stop.ts';
import { WordSpotter } from '../../adapters/spotter/word/word-spotter.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { levelled, Sounds } from '../../testing/eval/sounds.ts';

/** The voices that lab/hearing/voice-stop.ts reports. */
const VOICES = 'en-us+m1 en-us+f2 en-us+f4 en-us+m5 en-029 en-gb-x-rp+m6 en-gb-scotland en-us+linda'.split(
  ' ',
);
const LEVELS = [1, 2, 2.5, 3, 3.5, 4, 5, 6];
const SPEECH_DBFS = -26;
const BEFORE = samplesInMs(900, PIPELINE_RATE);
const AFTER = samplesInMs(700, PIPELINE_RATE);

const { values } = parseArgs({ options: { recordings: { type: 'string' } } });
const folder = values.recordings ?? process.env.PARLEY_PEOPLE_DIR;
if (folder === undefined) {
  console.error('give the folder of the recordings with --recordings DIR or PARLEY_PEOPLE_DIR');
  process.exit(2);
}
const tts = espeakTts();
const sounds = new Sounds(tts);
const { embedding, network } = await stopEar();
const kitchen = await sounds.recording(join(folder, 'noise_kitchen.wav'));
const noise = async (kind: 'white' | 'hum' | 'knocks' | 'babble') =>
  levelled(await sounds.noise(kind, 8_000, 1), SPEECH_DBFS - 10);
const rooms: readonly (readonly [string, Float32Array])[] = [
  ['quiet', new Float32Array(1)],
  ['white 10 dB below', await noise('white')],
  ['hum 10 dB below', await noise('hum')],
  ['knocks 10 dB below', await noise('knocks')],
  ['babble 10 dB below', await noise('babble')],
  ['kitchen 12 dB below', levelled(kitchen.subarray(kitchen.length >> 1), SPEECH_DBFS - 12)],
];

/** The highest log odds from the begin of `said` on, `offset` samples into the noise of the room. */
async function best(said: Float32Array, room: Float32Array, offset: number): Promise<number> {
  const speech = levelled(said, SPEECH_DBFS);
  const samples = Int16Array.from({ length: BEFORE + said.length + AFTER }, (_, i) =>
    Math.round(0x7fff * ((speech[i - BEFORE] ?? 0) + (room[(offset + i) % room.length] ?? 0))),
  );
  const looks = await new WordSpotter(embedding, network).push(samples);
  return Math.max(...looks.filter(({ end }) => end > BEFORE).map(({ logOdds }) => logOdds));
}

function counts(values: readonly number[]): string {
  return LEVELS.map((level) => `${level}: ${values.filter((one) => one > level).length}`).join(', ');
}

for (const [name, room] of rooms) {
  const stops: number[] = [];
  for (const voice of VOICES)
    for (const offset of [0, 6_400]) stops.push(await best(await sounds.speech('stop', voice), room, offset));
  console.log(`${name}: "stop", of ${stops.length} above ${counts(stops)}`);
  for (const group of ['keywords', 'digits', 'orders']) {
    const files = readdirSync(join(folder, group)).filter((file) => file.endsWith('.wav'));
    const others: number[] = [];
    for (const [i, file] of files.sort().entries())
      if (i % 2 === 1)
        others.push(await best(await sounds.recording(join(folder, group, file)), room, i * 3_777));
    console.log(`  ${group}, of ${others.length} above ${counts(others)}`);
  }
}
await embedding.close();
await tts.close();
