/** Fits the word "stop" of the voice-stop lane to people and synthetic voices in rooms and noise, and prints how often it is missed and taken for it.
 * Run: `npx tsx lab/hearing/stop-word.ts --people DIR [--scenes 14000] [--speech DIR] [--examples FILE] [--out FILE]`. `--people` is laid out as for
 * lab/hearing/hearing.ts; half of it is used. SPEECH/stop has stop phrases of other synthesisers, SPEECH/other anything else. `--examples` keeps
 * the embedded scenes, so that another fit of them takes two minutes. Method and figures are in lab/voice-stop.md.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
import { peopleToFit } from './stop-word/people.ts';
import { roomNoises, scene } from './stop-word/scenes.ts';
import { fromFolder, synthetic } from './stop-word/speech.ts';

/** A window that ends this long after the word, ms, is one of it; those around are neither. */
const OF_WORD_MS = [-10, 260] as const;
const NEITHER_MS = [-300, 760] as const;
const OF_WORD = samplesInMs(OF_WORD_MS[1], PIPELINE_RATE);
/** What is looked at of a scene: 1.1 s for a first look, and 320 ms. */
const PART = samplesInMs(1_450, PIPELINE_RATE);
const SHARE_OF_STOPS = 0.4;
const SEED = 1;

/** How often each kind is drawn: people are what counts, and there are few of them. */
const WEIGHTS = { people: 3, lone: 2 } as const;

const { values } = parseArgs({
  options: {
    people: { type: 'string' },
    scenes: { type: 'string', default: '14000' },
    speech: { type: 'string' },
    examples: { type: 'string' },
    out: { type: 'string' },
  },
});
const log = (text: string) => console.error(text);

const { all, labels } =
  values.examples && existsSync(values.examples)
    ? kept(values.examples)
    : await examples(Number(values.scenes));
log(`${labels.length} windows, ${labels.reduce((sum, label) => sum + label, 0)} of the word`);
const network = packed(fitNetwork({ inputs: all, labels }, SEED, log));
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

/** Embedded scenes. */
async function examples(count: number): Promise<{ readonly all: Float32Array; readonly labels: Uint8Array }> {
  const tts = espeakTts();
  const sounds = new Sounds(tts);
  const random = Random.named(SEED, 'scenes');
  log('speaking …');
  const spoken = await synthetic(
    COMMON_WORDS.filter((word) => word !== 'stop'),
    { stops: 900, others: 2_600 },
    SEED,
  );
  const given = values.speech
    ? await fromFolder(values.speech, samplesInMs(4_000, PIPELINE_RATE))
    : undefined;
  const people = values.people ? await peopleToFit(values.people, sounds, random) : undefined;
  const noises = [...(await roomNoises(sounds, [])), ...(people?.noises ?? [])];
  await tts.close();
  const often = <T>(times: number, one: T) => Array.from({ length: times }, () => one);
  const material = {
    stops: [
      spoken.stops,
      ...(given ? [given.stops] : []),
      ...often(WEIGHTS.people, people?.stops ?? []).filter((one) => one.length > 0),
    ],
    others: [
      ...often(WEIGHTS.lone, spoken.others),
      ...(given?.others ?? []),
      ...(people?.others ?? []),
      ...often(WEIGHTS.lone, people?.lone ?? []).flat(),
    ].filter((one) => one.length > 0),
    ...{ noises, responses: people?.responses ?? [] },
  };
  log(
    `${material.stops.map((one) => one.length)} stop phrases, ${material.others.map((one) => one.length)} others, ${noises.length} noises`,
  );
  const embedding = await SpeechEmbedding.load();
  const inputs: Float32Array[] = [];
  const labels: number[] = [];
  const since = performance.now();
  for (let i = 0; i < count; i++) {
    const { samples, wordEnd } = scene(material, random, random.chance(SHARE_OF_STOPS));
    // Looks at a moment are alike, so a few of many scenes teach more than many of a few.
    const last = wordEnd === undefined ? random.int(PART, samples.length) : wordEnd + OF_WORD;
    const from = Math.max(0, last - PART);
    for (const { input, end } of await looks(embedding, samples.subarray(from, last))) {
      const afterMs =
        wordEnd === undefined ? Number.POSITIVE_INFINITY : ((from + end - wordEnd) * 1_000) / PIPELINE_RATE;
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
  if (values.examples) {
    writeFileSync(values.examples, new Uint8Array(all.buffer));
    writeFileSync(`${values.examples}.labels`, Uint8Array.from(labels));
  }
  return { all, labels: Uint8Array.from(labels) };
}

/** What an earlier run has written. */
function kept(path: string): { readonly all: Float32Array; readonly labels: Uint8Array } {
  const bytes = readFileSync(path);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return { all, labels: new Uint8Array(readFileSync(`${path}.labels`)) };
}
