/** What Opus costs and what it changes: bytes, processor time, delay, and how well people are recognised beside PCM.
 * Run: `npx tsx lab/opus.ts --recordings DIR [--every 3]`. DIR has orders/, digits/ and keywords/ (lab/recognition.md). `--every N` hears every Nth recording.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createDecoder, createEncoder } from 'libopus-wasm';
import { parseDialog } from '../actors/dialog/mod.ts';
import { joinedSamples, msOfSamples, PIPELINE_RATE, samplesPerFrame } from '../machines/audio.ts';
import { opusPreSkip } from '../machines/opus-packet.ts';
import { observe } from './hearing/people/fit.ts';
import { hear } from './hearing/people/hear.ts';
import { peopleTrials, type Trial } from './hearing/people/trials.ts';

const KBIT = [12, 16, 24, 32] as const;
/** As the client encodes. */
const ENCODER = { application: 2_048, signal: 3_001, complexity: 5, dtx: true } as const;
const FRAME = samplesPerFrame(PIPELINE_RATE);
const PRE_SKIP = opusPreSkip(PIPELINE_RATE);

const { values } = parseArgs({
  options: { recordings: { type: 'string' }, every: { type: 'string', default: '1' } },
});
const folder = values.recordings ?? process.env.PARLEY_PEOPLE_DIR;
if (folder === undefined) {
  console.error('give the folder of the recordings with --recordings DIR or PARLEY_PEOPLE_DIR');
  process.exit(2);
}
const dialog = parseDialog(await readFile(new URL('../examples/robot.dialog.yaml', import.meta.url), 'utf8'));

interface Cost {
  bytes: number;
  audioMs: number;
  encodeMs: number;
  decodeMs: number;
}

async function throughOpus(samples: Int16Array, bitrate: number, cost: Cost): Promise<Int16Array> {
  const terms = { sampleRate: PIPELINE_RATE, channels: 1 } as const;
  const encoder = await createEncoder({ ...terms, ...ENCODER, frameSize: FRAME, bitrate });
  const decoder = await createDecoder(terms);
  const pieces: Int16Array[] = [];
  for (let at = 0; at < samples.length + PRE_SKIP; at += FRAME) {
    const frame = new Int16Array(FRAME);
    frame.set(samples.subarray(at, at + FRAME));
    const beganMs = performance.now();
    const packet = encoder.encode(frame);
    const encodedMs = performance.now();
    pieces.push(decoder.decode(packet));
    cost.decodeMs += performance.now() - encodedMs;
    cost.encodeMs += encodedMs - beganMs;
    cost.bytes += packet.byteLength;
    cost.audioMs += msOfSamples(FRAME, PIPELINE_RATE);
  }
  encoder.free();
  decoder.free();
  return joinedSamples(pieces).slice(PRE_SKIP, PRE_SKIP + samples.length);
}

const said = peopleTrials(folder).filter((trial) => trial.said !== undefined);
const trials = said.filter((_, i) => i % Number(values.every) === 0);
const recognisers = new Map();
const noise = () => Promise.reject(new Error('no noise is asked for'));

async function right(heard: readonly Trial[]): Promise<string> {
  const findings = await hear(heard, {
    ...{ folder: String(folder), dialog, conditions: ['clean'], cache: undefined, recognisers, noise },
  });
  const all = observe(findings, dialog);
  return `${all.filter((one) => one.right).length} of ${all.length}`;
}

console.log(
  '| audio | understood | kbit/s | encode, ms a second | decode, ms a second |\n|---|---|---|---|---|',
);
console.log(`| PCM | ${await right(trials)} | 256 | | |`);
for (const kbit of KBIT) {
  const cost: Cost = { bytes: 0, audioMs: 0, encodeMs: 0, decodeMs: 0 };
  const coded = trials.map((trial) => ({
    ...trial,
    audio: async () => {
      const { rate, samples } = await trial.audio();
      return { rate, samples: await throughOpus(samples, kbit * 1_000, cost) };
    },
  }));
  const understood = await right(coded);
  const perSecond = (ms: number) => ((ms * 1_000) / cost.audioMs).toFixed(1);
  const sent = ((cost.bytes * 8) / cost.audioMs).toFixed(1);
  console.log(
    `| Opus ${kbit} | ${understood} | ${sent} | ${perSecond(cost.encodeMs)} | ${perSecond(cost.decodeMs)} |`,
  );
}
console.log(`\nThe codec delays audio by ${msOfSamples(PRE_SKIP, PIPELINE_RATE)} ms each way.`);
process.exit(0);
