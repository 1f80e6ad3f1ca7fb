/** Errors of the stop spotter: missed stops, false suspicions and false stops, and how long after the word it suspects.
 * Run: `npx tsx bench/voice-stop.ts [--recordings DIR] [--half fit|report] [--only missed|false]`. DIR has keywords/, digits/,
 * orders/ and noise_kitchen.wav, as for bench/people.ts, and optionally stops/: recordings of "stop". "In all" is what the spotter and
 * the recogniser of the conversation make of it together. The method is in docs/voice-stop.md.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { haltPhrases, parseDialog } from '../actors/dialog/mod.ts';
import { loadSoundswallower } from '../adapters/soundswallower/decoder.ts';
import { spotterGrammar } from '../adapters/spotter/soundswallower/grammar.ts';
import { type Finding, Spotter } from '../adapters/spotter/soundswallower/spotter.ts';
import { loadRecognisers } from '../adapters/stt/soundswallower/recogniser.ts';
import { threadDataOf } from '../adapters/stt/soundswallower/soundswallower.ts';
import { calibrated } from '../adapters/stt/soundswallower/verdict.ts';
import { espeakTts } from '../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE, samplesInMs } from '../machines/audio.ts';
import { defaultParameters } from '../machines/parameters.ts';
import { levelled, type Noise, Sounds } from '../testing/eval/sounds.ts';
import { OUT_OF_GRAMMAR } from './recognition-sentences.ts';

/** The thresholds were fitted to the first list. */
const VOICES = {
  fit: ['en-us', 'en-gb', 'en-us+f3', 'en-us+m7', 'en-us+m3', 'en-gb-x-rp+f5', 'en-us+klatt3'],
  report: [
    'en-us+m1',
    'en-us+f2',
    'en-us+f4',
    'en-us+m5',
    'en-029',
    'en-gb-x-rp+m6',
    'en-gb-scotland',
    'en-us+linda',
  ],
} as const;
const OWN =
  'We took the early train, had breakfast at the station, and then we walked along the river to the lighthouse.';
const NOISES: readonly Noise[] = ['white', 'hum', 'knocks', 'babble'];
const BEFORE = samplesInMs(900, PIPELINE_RATE);
const AFTER = samplesInMs(700, PIPELINE_RATE);
const PIECE = samplesInMs(20, PIPELINE_RATE);
const SPEECH_DBFS = -26;

const { values } = parseArgs({
  options: { recordings: { type: 'string' }, half: { type: 'string' }, only: { type: 'string' } },
});
const half = values.half === 'fit' ? 'fit' : 'report';
const folder = values.recordings ?? process.env.PARLEY_PEOPLE_DIR;
const tts = espeakTts();
const sounds = new Sounds(tts);
const loaded = await loadSoundswallower();
const spotter = await Spotter.make(loaded, spotterGrammar(['stop'], new Map(), loaded.dictionary));
const dialog = parseDialog(await readFile(new URL('../examples/robot.dialog.yaml', import.meta.url), 'utf8'));
const stops = new Set(haltPhrases(dialog));
const [recogniser] = await loadRecognisers(threadDataOf(dialog, 1));
if (!recogniser) throw new Error('no recogniser was made');

interface Heard {
  readonly finding: Finding;
  /** The audio that had arrived, in samples. */
  readonly at: number;
  /** Processor time from its arrival, ms. */
  readonly computeMs: number;
}

let cpuMs = 0;
let audioMs = 0;
/** Processor time from each suspicion to its verdict, ms. */
const verdicts: number[] = [];

function pcm(sound: Float32Array): Int16Array {
  return Int16Array.from(sound, (one) => Math.max(-32_768, Math.min(32_767, Math.round(one * 32_768))));
}

/** Whether the session stops: the spotter is sure, the recogniser is, or each of them half. */
async function stopsInAll(sound: Float32Array, heard: readonly Heard[]): Promise<boolean> {
  if (heard.some(({ finding }) => finding.type === 'confirmed')) return true;
  const samples = pcm(sound);
  recogniser?.begin();
  for (let at = 0; at < samples.length; at += 5 * PIECE)
    await recogniser?.push(samples.subarray(at, at + 5 * PIECE));
  const said = await recogniser?.finish();
  if (!said || !('rejected' in said)) return stops.has(said?.text ?? '');
  const { nearest, confidence } = said.rejected;
  const enough = calibrated(confidence) >= defaultParameters.asking.stopAbove;
  return heard.length > 0 && stops.has(nearest) && enough;
}

async function hear(sound: Float32Array): Promise<readonly Heard[]> {
  const samples = pcm(sound);
  const { user } = process.cpuUsage();
  const heard: Heard[] = [];
  let arrived = 0;
  let before = 0;
  let suspectedAt = 0;
  spotter.begin((finding) => {
    const now = process.cpuUsage().user;
    if (finding.type === 'suspected') suspectedAt = now;
    else verdicts.push((now - suspectedAt) / 1_000);
    heard.push({ finding, at: arrived, computeMs: (now - before) / 1_000 });
  });
  for (let at = 0; at < samples.length; at += PIECE) {
    arrived = at + PIECE;
    before = process.cpuUsage().user;
    await spotter.push(samples.subarray(at, arrived));
  }
  await spotter.end();
  cpuMs += (process.cpuUsage().user - user) / 1_000;
  audioMs += (samples.length * 1_000) / PIPELINE_RATE;
  return heard;
}

/** `word` at the usual level with `background` under it from the start. */
function around(word: Float32Array, background: Float32Array, dbfs = SPEECH_DBFS, offset = 0): Float32Array {
  const all = new Float32Array(BEFORE + offset + word.length + AFTER);
  for (let i = 0; i < all.length; i++) all[i] = background[i % Math.max(1, background.length)] ?? 0;
  levelled(word, dbfs).forEach((one, i) => {
    all[BEFORE + offset + i] = (all[BEFORE + offset + i] ?? 0) + one;
  });
  return all;
}

async function missed(): Promise<void> {
  const own = await sounds.speech(OWN, 'en');
  const quiet = new Float32Array(1);
  const conditions: [string, Float32Array, number, number][] = [
    ['silence, −26 dBFS', quiet, SPEECH_DBFS, 0],
    ['silence, −26 dBFS, 27 ms later', quiet, SPEECH_DBFS, 432],
    ['silence, −40 dBFS', quiet, -40, 211],
    ['own voice 20 dB below', levelled(own, SPEECH_DBFS - 20), SPEECH_DBFS, 0],
    ['own voice 10 dB below', levelled(own, SPEECH_DBFS - 10), SPEECH_DBFS, 0],
    ['own voice 10 dB below, 400 ms later', levelled(own, SPEECH_DBFS - 10), SPEECH_DBFS, 6_400],
  ];
  for (const noise of NOISES) {
    const sound = levelled(await sounds.noise(noise, 4_000, 1), SPEECH_DBFS - 10);
    conditions.push([`${noise} 10 dB below`, sound, SPEECH_DBFS, 0]);
  }
  const kitchen = folder && join(folder, 'noise_kitchen.wav');
  if (kitchen && existsSync(kitchen))
    conditions.push([
      'kitchen 12 dB below',
      levelled(await sounds.recording(kitchen), SPEECH_DBFS - 12),
      SPEECH_DBFS,
      0,
    ]);
  const words: [string, Float32Array][] = [];
  for (const voice of VOICES[half]) words.push([voice, await sounds.speech('stop', voice)]);
  const recorded = folder && join(folder, 'stops');
  if (recorded && existsSync(recorded))
    for (const file of readdirSync(recorded).sort())
      words.push([file, await sounds.recording(join(recorded, file))]);
  const delays: number[] = [];
  for (const [name, background, dbfs, offset] of conditions) {
    let suspected = 0;
    let stopped = 0;
    const failed: string[] = [];
    for (const [voice, word] of words) {
      const end = BEFORE + offset + word.length;
      const sound = around(word, background, dbfs, offset);
      const heard = await hear(sound);
      if (await stopsInAll(sound, heard)) stopped += 1;
      const first = heard.find(({ finding, at }) => finding.type === 'suspected' && at > end - word.length);
      if (first) {
        suspected += 1;
        delays.push(((first.at - end) * 1_000) / PIPELINE_RATE + first.computeMs);
      }
      if (!heard.some(({ finding, at }) => finding.type === 'confirmed' && at > end - word.length))
        failed.push(voice);
    }
    console.log(
      `${name}: suspected ${suspected} of ${words.length}, confirmed ${words.length - failed.length}, in all ${stopped}${failed.length > 0 ? `; missed: ${failed.join(', ')}` : ''}`,
    );
  }
  console.log(`from the end of the word to the suspicion, ms: ${quantiles(delays)}`);
}

function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (part: number) => Math.round(sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN);
  return `p50 ${quantile(0.5)}, p95 ${quantile(0.95)}, most ${quantile(1)}`;
}

async function falsely(
  group: string,
  all: readonly (readonly [string, () => Promise<Float32Array>])[],
): Promise<void> {
  let suspected = 0;
  const confirmed: string[] = [];
  let stopped = 0;
  let longest = 0;
  const since = audioMs;
  for (const [name, make] of all) {
    const sound = around(await make(), new Float32Array(1));
    const heard = await hear(sound);
    if (await stopsInAll(sound, heard)) stopped += 1;
    heard.forEach(({ finding, at }, i) => {
      if (finding.type === 'suspected') suspected += 1;
      else longest = Math.max(longest, ((at - (heard[i - 1]?.at ?? at)) * 1_000) / PIPELINE_RATE);
      if (finding.type === 'confirmed') confirmed.push(name);
    });
  }
  const hours = (audioMs - since) / 3_600_000;
  console.log(
    `${group}: ${all.length} in ${(60 * hours).toFixed(1)} min; suspected ${suspected} (${Math.round(suspected / hours)} an hour), in all stopped ${stopped}, confirmed ${confirmed.length}${confirmed.length > 0 ? `: ${confirmed.join(', ')}` : ''}; longest suspicion ${Math.round(longest)} ms of audio`,
  );
}

async function falseStops(): Promise<void> {
  const voices = VOICES[half].slice(0, 3);
  const said = OUT_OF_GRAMMAR.flatMap((text, i) => {
    const voice = voices[i % voices.length] ?? 'en';
    return [[`${voice}: ${text}`, () => sounds.speech(text, voice)] as const];
  });
  if (folder)
    for (const group of ['keywords', 'digits', 'orders'])
      await falsely(
        group,
        readdirSync(join(folder, group))
          .filter((file) => file.endsWith('.wav'))
          .sort()
          // A third was used to fit.
          .filter((_, i) => (i % 3 === 0) === (half === 'fit'))
          .map((file) => [file, () => sounds.recording(join(folder, group, file))] as const),
      );
  await falsely('synthetic sentences and words', said);
  await falsely('own voice', [['reply', async () => levelled(await sounds.speech(OWN, 'en'), -36)]]);
  for (const noise of NOISES) await falsely(noise, [['noise', () => sounds.noise(noise, 20_000, 2)]]);
}

try {
  if (values.only !== 'false') await missed();
  if (values.only !== 'missed') await falseStops();
  console.log(`processor time from a suspicion to its verdict, ms: ${quantiles(verdicts)}`);
  console.log(`processor time: ${((100 * cpuMs) / audioMs).toFixed(0)} % of the audio's duration`);
} finally {
  await tts.close();
}
