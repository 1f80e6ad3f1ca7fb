/** Fits the word "stop" of the voice-stop lane to synthetic speech in rooms and noise, and prints how often it is missed and taken for it.
 * Run: `npx tsx lab/hearing/stop-word.ts [--scenes 9000] [--speech DIR] [--noise FILE] [--out FILE]`. DIR/stop has recordings of stop phrases,
 * DIR/other of anything else. Method and figures are in lab/voice-stop.md.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SpeechEmbedding } from '../../adapters/spotter/word/embedding.ts';
import {
  INPUTS,
  logOdds,
  type PackedNetwork,
  packed,
  unpacked,
} from '../../adapters/spotter/word/network.ts';
import { looks } from '../../adapters/spotter/word/word-spotter.ts';
import { COMMON_WORDS } from '../../adapters/stt/soundswallower/common-words.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { Sounds } from '../../testing/eval/sounds.ts';
import { Random } from '../../testing/simulation/random.ts';
import { fitNetwork } from './stop-word/fit.ts';
import { roomNoises, scene } from './stop-word/scenes.ts';
import { fromFolder, synthetic } from './stop-word/speech.ts';

/** A window that ends this long after the word, ms, is one of it; those around are neither. */
const OF_WORD_MS = [-10, 260] as const;
const NEITHER_MS = [-300, 760] as const;
const SHARE_OF_STOPS = 0.4;
const SEED = 1;

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: '9000' },
    speech: { type: 'string' },
    noise: { type: 'string' },
    out: { type: 'string' },
  },
});
const count = Number(values.scenes);
const tts = espeakTts();
const sounds = new Sounds(tts);
const log = (text: string) => console.error(text);

const words = COMMON_WORDS.filter((word) => word !== 'stop');
log('speaking …');
const spoken = await synthetic(words, { stops: 900, others: 2_600 }, SEED);
const given = values.speech ? await fromFolder(values.speech, samplesInMs(4_000, PIPELINE_RATE)) : undefined;
const recorded = values.noise ? await sounds.recording(values.noise) : undefined;
// The other half is for figures.
const noises = await roomNoises(sounds, recorded ? [recorded.subarray(0, recorded.length >> 1)] : []);
await tts.close();
const material = {
  stops: [spoken.stops, ...(given ? [given.stops] : [])],
  // As often as two other kinds: these are the likeliest to be taken for it.
  others: [spoken.others, spoken.others, ...(given?.others ?? [])],
  noises,
};
log(
  `${spoken.stops.length + (given?.stops.length ?? 0)} stop phrases, ${spoken.others.length + (given?.others.flat().length ?? 0)} others`,
);

const embedding = await SpeechEmbedding.load();
const random = Random.named(SEED, 'scenes');
const inputs: Float32Array[] = [];
const labels: number[] = [];
const since = performance.now();
for (let i = 0; i < count; i++) {
  const { samples, wordEnd } = scene(material, random, random.chance(SHARE_OF_STOPS));
  for (const { input, end } of await looks(embedding, samples)) {
    const afterMs =
      wordEnd === undefined ? Number.POSITIVE_INFINITY : ((end - wordEnd) * 1_000) / PIPELINE_RATE;
    const isOf = afterMs >= OF_WORD_MS[0] && afterMs <= OF_WORD_MS[1];
    if (!isOf && afterMs > NEITHER_MS[0] && afterMs < NEITHER_MS[1]) continue;
    inputs.push(input);
    labels.push(isOf ? 1 : 0);
  }
  if (i % 500 === 499)
    log(`${i + 1} of ${count} scenes, ${Math.round((performance.now() - since) / (i + 1))} ms each`);
}
await embedding.close();
const all = new Float32Array(inputs.length * INPUTS);
for (const [i, input] of inputs.entries()) all.set(input, i * INPUTS);
log(`${labels.length} windows, ${labels.filter((label) => label === 1).length} of the word`);
const network = packed(fitNetwork({ inputs: all, labels: Uint8Array.from(labels) }, SEED, log));
const quantised = unpacked(network);
const errors = [0, 0];
labels.forEach((label, i) => {
  const isWord = logOdds(quantised, all, i * INPUTS) > 0;
  if (isWord !== (label === 1)) errors[label] = (errors[label] ?? 0) + 1;
});
log(`of what it was fitted to: ${errors[1]} windows missed, ${errors[0]} false`);
const text = moduleOf(network);
if (values.out) writeFileSync(values.out, text);
else console.log(text);

/** `adapters/spotter/word/weights.ts`, before the formatter. */
function moduleOf({ input, ...rest }: PackedNetwork): string {
  const lines = (input.match(/.{1,96}/g) ?? []).map((line) => `'${line}'`);
  return `import type { PackedNetwork } from './network.ts';

/** How "stop" sounds: made by lab/hearing/stop-word.ts (lab/voice-stop.md). */
export const WEIGHTS: PackedNetwork = ${JSON.stringify({ ...rest, input: '' }).replace('"input":""', `input: ${lines.join(' + ')}`)};
`;
}
