/** One measurement of lab/bench/engines.ts: KIND NAME tones|speech STREAMS SECONDS FLAGS… */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Command } from 'commander';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { FRAME_MS, msOfSamples, PIPELINE_RATE, samplesPerFrame } from '../../machines/audio.ts';
import { configOf, withConfigFlags } from '../../server/commands/config-flags.ts';
import { readDialog } from '../../server/dialog-file.ts';
import { makeEngine } from '../../server/engines.ts';
import { toneSpeech } from '../../testing/models/tones.ts';
import { speak } from '../hearing/speech.ts';
import { percentile } from '../statistics.ts';

const [kind = '', name = '', sound = '', streams = '', seconds = '', ...flags] = process.argv.slice(2);
const count = Number(streams);
const loadMs = 1_000 * Number(seconds);
const FRAME = samplesPerFrame(PIPELINE_RATE);
const SENTENCES = ['what is your name', 'turn left', 'go forward two meters', 'stop', 'tell me a story'];
const TEXTS = [
  'I am going to the kitchen now, and I will be back in a minute.',
  'Please hold the door open for me.',
  'The battery is at forty percent, which is enough for two more hours.',
];

const command = withConfigFlags(new Command(), []).allowUnknownOption();
command.option('--streams <list>').option('--seconds <number>').parse(flags, { from: 'user' });
const { config } = configOf(command);
const dialog = await readDialog(config);
const bus = inProcessBus();
const never = new AbortController().signal;
const firstMs: number[] = [];
const endMs: number[] = [];

const load = kind === 'stt' ? await recogniser() : await voice();
const cpuBefore = cpuMs();
const beganMs = performance.now();
await Promise.all(
  Array.from({ length: count }, async (_, stream) => {
    await wait((stream * 700) / count);
    for (let turn = stream; performance.now() - beganMs < loadMs; turn++) await load.turn(turn);
  }),
);
const core = (cpuMs() - cpuBefore) / (performance.now() - beganMs) / count;
const spread = (values: readonly number[]) =>
  values.length === 0
    ? '—'
    : `${percentile(values, 0.5).toFixed(0)} / ${percentile(values, 0.95).toFixed(0)}`;
console.log(
  [
    load.realTimeFactor.toFixed(3),
    ...[spread(firstMs), spread(endMs)],
    (100 * core).toFixed(1),
    (memoryBytes() / 1e6).toFixed(0),
  ].join(' | '),
);
await load.engine.close();
process.exit(0);

interface Load {
  readonly engine: SttEngine | TtsEngine;
  readonly realTimeFactor: number;
  turn(number: number): Promise<void>;
}

/** Each stream says sentences in real time, a second apart. First: from the first loud sample to the first partial text. End: from the last sample to the final text. */
async function recogniser(): Promise<Load> {
  const engine = await makeEngine('stt', name, config, dialog, { bus });
  await engine.warm?.();
  const words = ['turn', 'left', 'hello', 'right', 'stop'];
  const utterances =
    sound === 'tones'
      ? [toneSpeech(...words), toneSpeech(...words.toReversed())]
      : await Promise.all(SENTENCES.map(async (text) => (await speak(text, 'en-us')).samples));
  const request = { language: config.language };
  async function* frames(samples: Int16Array, paced: boolean) {
    const began = performance.now();
    for (let at = 0; at < samples.length; at += FRAME) {
      // A client sends a frame when it is full.
      const dueMs = began + msOfSamples(at, PIPELINE_RATE) + FRAME_MS - performance.now();
      if (paced && dueMs > 0) await wait(dueMs);
      yield { rate: PIPELINE_RATE, samples: samples.slice(at, at + FRAME) } as const;
    }
  }
  const factors: number[] = [];
  for (const samples of [...utterances, ...utterances]) {
    const began = performance.now();
    for await (const _event of engine.transcribe(frames(samples, false), request, never));
    factors.push((performance.now() - began) / msOfSamples(samples.length, PIPELINE_RATE));
  }
  return {
    engine,
    realTimeFactor: percentile(factors.slice(utterances.length), 0.5),
    async turn(number) {
      const samples = utterances[number % utterances.length] ?? new Int16Array(0);
      const began = performance.now();
      const onset = msOfSamples(
        samples.findIndex((sample) => Math.abs(sample) > 1_000),
        PIPELINE_RATE,
      );
      let partial = false;
      for await (const { type } of engine.transcribe(frames(samples, true), request, never)) {
        const atMs = performance.now() - began;
        if (type === 'partial' && !partial) firstMs.push(atMs - onset);
        partial ||= type === 'partial';
        if (type === 'final') endMs.push(atMs - msOfSamples(samples.length, PIPELINE_RATE));
      }
      await wait(1_000);
    },
  };
}

/** Each stream has sentences spoken, and asks for the next one when the last would have been heard. First: from the request to the first audio. End: to the last. */
async function voice(): Promise<Load> {
  const engine = await makeEngine('tts', name, config, dialog, { bus });
  await engine.warm?.();
  const say = async (number: number) => {
    const text = (TEXTS[number % TEXTS.length] ?? '').toLowerCase();
    const began = performance.now();
    let spokenMs = 0;
    let first: number | undefined;
    for await (const event of engine.synthesize({ text, language: config.language }, never)) {
      if (event.type !== 'audio') continue;
      first ??= performance.now() - began;
      spokenMs += msOfSamples(event.pcm.samples.length, event.pcm.rate);
    }
    return { first: first ?? Number.NaN, end: performance.now() - began, spokenMs };
  };
  const alone = [];
  for (let number = 0; number < 2 * TEXTS.length; number++) alone.push(await say(number));
  return {
    engine,
    realTimeFactor: percentile(
      alone.slice(TEXTS.length).map(({ end, spokenMs }) => end / spokenMs),
      0.5,
    ),
    async turn(number) {
      const { first, end, spokenMs } = await say(number);
      firstMs.push(first);
      endMs.push(end);
      await wait(Math.max(0, spokenMs - end));
    },
  };
}

/** This process and those that it started: the engine's, if it has one of its own. */
function processes(): readonly string[] {
  const own = String(process.pid);
  const parent = (pid: string) => statOf(pid)[1];
  return [own, ...readdirSync('/proc').filter((pid) => /^\d+$/u.test(pid) && parent(pid) === own)];
}

/** The fields of `/proc/PID/stat` after the name, which may have spaces. */
function statOf(pid: string): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It has ended.
    return [];
  }
}

/** Processor time, in ms; Linux counts it in steps of 10. */
function cpuMs(): number {
  const ticks = processes().map((pid) => {
    const stat = statOf(pid);
    return Number(stat[11] ?? 0) + Number(stat[12] ?? 0);
  });
  return 10 * ticks.reduce((sum, value) => sum + value, 0);
}

/** Memory of their own and their share of what they share, in bytes. */
function memoryBytes(): number {
  const shares = processes().map((pid) =>
    Number(/^Pss:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );
  return 1_000 * shares.reduce((sum, value) => sum + value, 0);
}
