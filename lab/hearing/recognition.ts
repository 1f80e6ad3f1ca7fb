/** Accuracy of the grammar recogniser on the example dialog, and its rejection of other speech.
 * Run: `npx tsx lab/hearing/recognition.ts [--every N] [--voice VOICE]… [--json FILE] [--verbose]`. Exits with 1 if a goal is missed. All of it takes four
 * minutes of CPU time; `--every 5` speaks every fifth sentence.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Dialog, parseDialog } from '../../actors/dialog/mod.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import { soundswallowerStt } from '../../adapters/stt/soundswallower/soundswallower.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { chosen, sameMeaning } from './people/synthetic.ts';
import { OTHERS_TO_REPORT } from './recognition-sentences.ts';
import { pieces, recording, speak } from './speech.ts';

/** Others than the verdict is fitted to. */
const VOICES = ['en-us', 'en-gb', 'en-us+f3', 'en-us+m7', 'en-us+f2', 'en-gb-x-gbclan+m3'];
/** An entry with slots has many sentences: this many of each are spoken, evenly spaced through its expansion. */
const MOST_OF_ENTRY = 4;
const GOAL_RIGHT = 0.9;
const GOAL_FALSE = 0.1;
const AT_A_TIME = 4;
const STALL_MS = 120_000;
/** Trials between two reports of progress. */
const REPORTED = 50;

interface Trial {
  readonly group: string;
  readonly name: string;
  /** The expected sentence; empty if the speech must be rejected. */
  readonly expected: string;
  readonly audio: () => Promise<Pcm<PipelineRate>>;
}

interface Outcome {
  readonly group: string;
  readonly name: string;
  readonly expected: string;
  readonly heard: string;
  readonly confidence: number;
  readonly good: boolean;
  /** Time from the last piece of audio to the final, in ms; all audio was sent at once. */
  readonly ms: number;
  readonly audioMs: number;
}

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    voice: { type: 'string', multiple: true, default: VOICES },
    json: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});
const isSpoken = (_: string, i: number) => i % Number(values.every) === 0;
const exampleUrl = [
  new URL('../../examples/robot.dialog.yaml', import.meta.url),
  new URL('../../../examples/robot.dialog.yaml', import.meta.url),
].find((url) => existsSync(url));
if (!exampleUrl) throw new Error('examples/robot.dialog.yaml is not there');
const dialog = parseDialog(await readFile(exampleUrl, 'utf8'), 'robot.dialog.yaml');
// All audio comes at once, so on a loaded machine a thread is silent for longer than the engine's own limit.
const engine = soundswallowerStt({ dialog, workers: 2, decodersPerWorker: 2, stallMs: STALL_MS });

try {
  const outcomes = await runAll(engine, [...spoken(dialog), ...foreign(), ...recorded()]);
  report(outcomes);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(outcomes, null, 2)}\n`);
} finally {
  await engine.close();
}

function spoken(all: Dialog): readonly Trial[] {
  const sentences = chosen(all, MOST_OF_ENTRY).filter(isSpoken);
  return values.voice.flatMap((voice) =>
    sentences.map((text) => ({
      group: `in grammar, ${voice}`,
      name: text,
      expected: text,
      audio: () => speak(text, voice),
    })),
  );
}

function foreign(): readonly Trial[] {
  return values.voice.flatMap((voice) =>
    OTHERS_TO_REPORT.filter(isSpoken).map((text) => ({
      group: `out of grammar, ${voice}`,
      name: text,
      expected: '',
      audio: () => speak(text, voice),
    })),
  );
}

function recorded(): readonly Trial[] {
  const folder = process.env.PARLEY_SPEECH_DIR ?? join(process.cwd(), '..', 'shared', 'audio');
  const files = [
    ['go_forward_ten_meters', 'go forward ten meters'],
    ...['austen_0870', 'austen_0880', 'austen_0890', 'cards_001', 'cards_002', 'cards_003'].map((name) => [
      name,
      '',
    ]),
    ...['noise_car_horn', 'noise_dog_bark'].map((name) => [name, '']),
  ];
  return files.flatMap(([name = '', expected = '']) => {
    const path = join(folder, `${name}.wav`);
    if (!existsSync(path)) return [];
    const group = expected === '' ? 'out of grammar, recorded' : 'in grammar, recorded';
    return [{ group, name, expected, audio: () => recording(path) }];
  });
}

async function runAll(stt: SttEngine, trials: readonly Trial[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const left = [...trials];
  const next = async (): Promise<void> => {
    for (let trial = left.shift(); trial; trial = left.shift()) {
      outcomes.push(await listen(stt, trial));
      if (outcomes.length % REPORTED === 0) console.error(`${outcomes.length} of ${trials.length}`);
    }
  };
  await stt.warm?.();
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  return outcomes;
}

async function listen(stt: SttEngine, trial: Trial): Promise<Outcome> {
  const pcm = await trial.audio();
  const started = performance.now();
  let heard = '';
  let confidence = 0;
  for await (const event of stt.transcribe(pieces(pcm), { language: 'en' }, new AbortController().signal)) {
    if (event.type !== 'final') continue;
    heard = event.text;
    confidence = event.confidence ?? 0;
  }
  const { group, name, expected } = trial;
  const audioMs = (pcm.samples.length * 1_000) / pcm.rate;
  return {
    group,
    name,
    expected,
    heard,
    confidence,
    good: expected === '' ? heard === '' : sameMeaning(dialog, expected)(heard),
    ms: performance.now() - started,
    audioMs,
  };
}

function report(outcomes: readonly Outcome[]): void {
  console.log(
    `Method: espeak-ng speaks the phrases (at most ${MOST_OF_ENTRY} an entry) and other sentences in each voice, at 16 kHz with 300 ms of\n` +
      'silence before and 400 ms after; right = same entry and slots. Anything heard in other speech or noise is a false accept.\n',
  );
  const groups = [...new Set(outcomes.map(({ group }) => group))].sort();
  for (const group of groups) {
    const of = outcomes.filter((one) => one.group === group);
    const good = of.filter((one) => one.good).length;
    const wrong = of.filter((one) => !one.good && one.heard !== '').length;
    const what = group.startsWith('in')
      ? `right ${share(good, of.length)}, taken for something else ${wrong}`
      : `rejected ${share(good, of.length)}`;
    console.log(`${group.padEnd(34)} ${String(of.length).padStart(4)}   ${what}`);
  }
  for (const one of outcomes.filter(
    ({ good, group }) => !good && (values.verbose || group.includes('recorded')),
  )) {
    console.log(`  ${one.group}: "${one.name}" heard as "${one.heard}" (${one.confidence.toFixed(2)})`);
  }
  const inside = outcomes.filter(({ expected }) => expected !== '');
  const outside = outcomes.filter(({ expected }) => expected === '');
  const right = inside.filter(({ good }) => good).length / inside.length;
  const accepted = outside.filter(({ good }) => !good).length / outside.length;
  const audioMs = outcomes.reduce((sum, one) => sum + one.audioMs, 0);
  const ms = outcomes.reduce((sum, one) => sum + one.ms, 0);
  console.log(`\nright          ${(right * 100).toFixed(1)} %   goal >= ${GOAL_RIGHT * 100} %`);
  console.log(`false accepts  ${(accepted * 100).toFixed(1)} %   goal <= ${GOAL_FALSE * 100} %`);
  console.log(
    `speed          ${((audioMs / ms) * AT_A_TIME).toFixed(1)} x real time, ${AT_A_TIME} at a time on 2 threads`,
  );
  if (right < GOAL_RIGHT || accepted > GOAL_FALSE) process.exitCode = 1;
}

function share(part: number, whole: number): string {
  return `${part} (${((part / whole) * 100).toFixed(1)} %)`;
}
