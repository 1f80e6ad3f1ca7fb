/** Errors of the stop spotter: missed stops, false suspicions and false stops, and how long after the word it suspects.
 * Run: `npx tsx lab/hearing/voice-stop.ts [--recordings DIR] [--half fit|report] [--only missed|false|evidence] [--word no] [--room hum]`. DIR has keywords/, digits/,
 * orders/ and noise_kitchen.wav, as for lab/hearing/people.ts, and optionally stops/: recordings of "stop". "In all" is what the spotter and
 * the recogniser of the conversation make of it together. `evidence`: how much better the word fits than anything else, where it is. The method is in lab/voice-stop.md.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { haltPhrases, parseDialog } from '../../actors/dialog/mod.ts';
import { BLOCK } from '../../actors/ear/echo/adaptive-filter.ts';
import { SteadyNoiseFilter } from '../../actors/ear/steady-noise.ts';
import { loadSoundswallower, ScoredDecoder } from '../../adapters/soundswallower/decoder.ts';
import type { Finding } from '../../adapters/spotter/finding.ts';
import { spotterGrammar } from '../../adapters/spotter/soundswallower/grammar.ts';
import { Listener } from '../../adapters/spotter/soundswallower/listener.ts';
import {
  BEHIND,
  SECOND_SEARCH,
  BEFORE as SPOTTER_BEFORE,
} from '../../adapters/spotter/soundswallower/spotter.ts';
import { Stretch } from '../../adapters/spotter/soundswallower/stretch.ts';
import { stopEar } from '../../adapters/spotter/word/stop.ts';
import { loadRecognisers } from '../../adapters/stt/soundswallower/recogniser.ts';
import { threadDataOf } from '../../adapters/stt/soundswallower/soundswallower.ts';
import { calibrated } from '../../adapters/stt/soundswallower/verdict.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { addEcho, impulseResponse } from '../../testing/eval/room.ts';
import { levelled, type Noise, Sounds } from '../../testing/eval/sounds.ts';
import { cancelled } from './figures/scenes.ts';
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
const OWN = {
  fit: 'Once there was a small robot who lived in a house by the sea, and every morning it swept the sand from the stairs before anyone was awake. One day it found a letter under the door.',
  report:
    'We took the early train, had breakfast at the station, and then we walked along the river to the lighthouse. Then the rain began, and we sat in a small cafe for hours and talked about the summer.',
} as const;
/** How long the robot has spoken when somebody says "stop", ms: in its first reply, and when the canceller knows the room. */
const SPOKEN_MS = { first: 1_200, later: 4_500 } as const;
/** Moments of the word in the own voice, ms later than `SPOKEN_MS`. */
const MOMENTS_MS = [0, 400, 201, 688] as const;
/** From playback to the microphone. */
const ECHO_DELAY = samplesInMs(100, PIPELINE_RATE);
const ECHO_PIECE = samplesInMs(100, PIPELINE_RATE);
const DISTORTION = 0.2;
const NOISES: readonly Noise[] = ['white', 'hum', 'knocks', 'babble'];
const BEFORE = samplesInMs(900, PIPELINE_RATE);
const AFTER = samplesInMs(700, PIPELINE_RATE);
const PIECE = samplesInMs(20, PIPELINE_RATE);
const SPEECH_DBFS = -26;

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    half: { type: 'string' },
    only: { type: 'string' },
    word: { type: 'string' },
    room: { type: 'string' },
  },
});
const half = values.half === 'fit' ? 'fit' : 'report';
const folder = values.recordings ?? process.env.PARLEY_PEOPLE_DIR;
const tts = espeakTts();
const sounds = new Sounds(tts);
const loaded = await loadSoundswallower();
const grammar = spotterGrammar(['stop'], new Map(), loaded.dictionary);
const spotter = await Listener.make(loaded, grammar, values.word === 'no' ? undefined : await stopEar());
const dialog = parseDialog(
  await readFile(new URL('../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
);
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

/** What the echo canceller leaves of `word` and of the robot's voice at `db` relative to it, from `BEFORE` before the word on. */
async function behindCanceller(word: Float32Array, db: number, spokenMs: number, room: number) {
  const start = samplesInMs(spokenMs, PIPELINE_RATE);
  const all = new Float32Array(start + word.length + AFTER);
  const played = new Float32Array(all.length);
  played.set(levelled(await sounds.speech(OWN[half], 'en'), SPEECH_DBFS).subarray(0, all.length));
  const response = impulseResponse(250, 0.3, room);
  for (let at = 0; at < all.length; at += ECHO_PIECE)
    addEcho(
      all.subarray(at, at + ECHO_PIECE),
      at - ECHO_DELAY,
      played,
      response,
      10 ** (db / 20),
      DISTORTION,
    );
  const hiss = levelled(await sounds.noise('pink', 8_000, room), SPEECH_DBFS - 35);
  const said = levelled(word, SPEECH_DBFS);
  for (let i = 0; i < all.length; i++)
    all[i] = (all[i] ?? 0) + (hiss[i % hiss.length] ?? 0) + (said[i - start] ?? 0);
  return cancelled(all, played).subarray(start - BEFORE);
}

interface Scene {
  readonly sound: Float32Array;
  /** Where the word begins. */
  readonly start: number;
}
type Condition = readonly [name: string, scenes: (word: Float32Array) => Promise<readonly Scene[]>];

/** `word` over `background`, once for each offset in samples. */
function over(background: Float32Array, dbfs: number, offsets: readonly number[]): Condition[1] {
  return async (word) =>
    offsets.map((offset) => ({
      sound: around(word, background, dbfs, offset),
      start: BEFORE + offset,
    }));
}

async function conditions(): Promise<readonly Condition[]> {
  const quiet = new Float32Array(1);
  const own = await sounds.speech(OWN[half], 'en');
  const kitchen = folder && join(folder, 'noise_kitchen.wav');
  return [
    ['silence, −26 dBFS', over(quiet, SPEECH_DBFS, [0, 432])],
    ['silence, −40 dBFS', over(quiet, -40, [211])],
    ...([-20, -10, 0] as const).flatMap((db) =>
      (['later', 'first'] as const).map(
        (when): Condition => [
          `own voice ${db} dB, canceller, ${when} reply`,
          (word) =>
            Promise.all(
              MOMENTS_MS.map(async (laterMs, i) => ({
                sound: await behindCanceller(word, db, SPOKEN_MS[when] + laterMs, 1 + i),
                start: BEFORE,
              })),
            ),
        ],
      ),
    ),
    ['own voice 10 dB below, no canceller', over(levelled(own, SPEECH_DBFS - 10), SPEECH_DBFS, [0, 6_400])],
    ...(await Promise.all(
      NOISES.map(async (noise): Promise<Condition> => {
        const sound = levelled(await sounds.noise(noise, 8_000, half === 'fit' ? 11 : 1), SPEECH_DBFS - 10);
        return [`${noise} 10 dB below`, over(sound, SPEECH_DBFS, [0, 6_400])];
      }),
    )),
    ...(kitchen && existsSync(kitchen)
      ? [
          [
            'kitchen 12 dB below',
            over(levelled(await sounds.recording(kitchen), SPEECH_DBFS - 12), SPEECH_DBFS, [0, 6_400]),
          ] as const,
        ]
      : []),
  ];
}

async function missed(): Promise<void> {
  const words: [string, Float32Array][] = [];
  for (const voice of VOICES[half]) words.push([voice, await sounds.speech('stop', voice)]);
  const recorded = folder && join(folder, 'stops');
  if (recorded && existsSync(recorded))
    for (const file of readdirSync(recorded).sort())
      words.push([file, await sounds.recording(join(recorded, file))]);
  const delays: number[] = [];
  for (const [name, scenes] of await conditions()) {
    if (!name.includes(values.room ?? '')) continue;
    const count = { said: 0, suspected: 0, confirmed: 0, stopped: 0 };
    const failed: string[] = [];
    for (const [voice, word] of words)
      for (const { sound, start } of await scenes(word)) {
        const end = start + word.length;
        const heard = await hear(sound);
        const sinceWord = heard.filter(({ at }) => at > start);
        const first = sinceWord.find(({ finding }) => finding.type === 'suspected');
        const confirmed = sinceWord.some(({ finding }) => finding.type === 'confirmed');
        count.said += 1;
        if (first) delays.push(((first.at - end) * 1_000) / PIPELINE_RATE + first.computeMs);
        if (first) count.suspected += 1;
        if (confirmed) count.confirmed += 1;
        else failed.push(voice);
        if (confirmed || (await stopsInAll(sound, heard))) count.stopped += 1;
      }
    const { said, suspected, confirmed, stopped } = count;
    console.log(
      `${name}: suspected ${suspected} of ${said}, confirmed ${confirmed}, in all ${stopped}${failed.length > 0 ? `; missed: ${failed.join(', ')}` : ''}`,
    );
  }
  console.log(`from the end of the word to the suspicion, ms: ${quantiles(delays)}`);
}

/** What the spotter's second opinion makes of the word itself, if it knew where it is. The canceller's rows take long, and little is missed there. */
async function evidence(): Promise<void> {
  const decoders = await Promise.all(
    [grammar.withPhrase, grammar.without].map((rules) =>
      ScoredDecoder.make(loaded.module, SECOND_SEARCH, grammar.words, rules),
    ),
  );
  for (const [name, scenes] of await conditions()) {
    if (name.includes('canceller,')) continue;
    const ratios: number[] = [];
    for (const voice of VOICES[half]) {
      const word = await sounds.speech('stop', voice);
      for (const { sound, start } of await scenes(word)) {
        const audio = new Stretch(sound.length);
        audio.push(new SteadyNoiseFilter().process(pcm(sound)));
        const end = start + word.length;
        const gain = audio.gain(start - BLOCK, end);
        const heard = audio.levelled(start - SPOTTER_BEFORE, Math.min(audio.end, end + BEHIND), gain);
        const scores: number[] = [];
        for (const decoder of decoders) {
          await decoder.start();
          decoder.process(heard);
          decoder.stop();
          scores.push(decoder.text() === '' ? Number.NEGATIVE_INFINITY : decoder.score());
        }
        ratios.push((scores[0] ?? 0) - (scores[1] ?? 0));
      }
    }
    const sorted = ratios.toSorted((a, b) => a - b);
    console.log(
      `${name}: evidence, median ${sorted[sorted.length >> 1]}, worst ${sorted[0]}, best ${sorted.at(-1)}`,
    );
  }
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
  await falsely('own voice', [['reply', async () => levelled(await sounds.speech(OWN[half], 'en'), -36)]]);
  for (const noise of NOISES) await falsely(noise, [['noise', () => sounds.noise(noise, 20_000, 2)]]);
}

try {
  if (values.only === 'evidence') await evidence();
  else {
    if (values.only !== 'false') await missed();
    if (values.only !== 'missed') await falseStops();
  }
  console.log(`processor time from a suspicion to its verdict, ms: ${quantiles(verdicts)}`);
  console.log(`processor time: ${((100 * cpuMs) / audioMs).toFixed(0)} % of the audio's duration`);
} finally {
  await tts.close();
}
