/** Cost of voice activity detection: `npx tsx lab/hearing/vad.ts`, or built `node dist/lab/hearing/vad.js`. The sound is synthetic, so no files are needed. Measures the model, the gate, the WebRTC engine and the ear's first stages alone, then the engine with real-time streams.
 *
 * Options: `--thread` / `--no-thread` (default: each in turn), `--gather 0,4,16` (ms), `--streams 1,10,50,100` (all with a
 * voice; `50:10` means 10 of 50), `--seconds 5`, `--paced` (only the last part), `--onset` (voices begin and end).
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Clipping } from '../../actors/ear/clipping.ts';
import { HighPass } from '../../actors/ear/high-pass.ts';
import { loadGates } from '../../adapters/vad/gate.ts';
import { sileroVad } from '../../adapters/vad/silero.ts';
import { loadSilero } from '../../adapters/vad/silero-model.ts';
import { bundledModelPath } from '../../adapters/vad/silero-path.ts';
import { WINDOW } from '../../adapters/vad/speech-model.ts';
import { webRtcVad } from '../../adapters/vad/webrtc.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';

const FRAME_MS = 20;
const FRAME = samplesInMs(FRAME_MS, PIPELINE_RATE);
/** With `--onset`, a voice speaks and is silent for this long in turn, ms. */
const SPELL_FRAMES = 75;

const { values: options } = parseArgs({
  options: {
    thread: { type: 'boolean' },
    gather: { type: 'string', default: '0,4,16' },
    streams: { type: 'string', default: '1,10,50,100,100:20,100:0' },
    seconds: { type: 'string', default: '5' },
    paced: { type: 'boolean', default: false },
    onset: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const pacedMs = Number(options.seconds) * 1_000;

/** A voice-like sound: a buzz of 120 Hz that swells four times a second. */
function buzz(samples: number, offset = 0): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => {
    const t = (i + offset) / PIPELINE_RATE;
    return 6_000 * (((t * 120) % 1) - 0.5) * (1 + Math.sin(2 * Math.PI * 4 * t));
  });
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function spread(values: readonly number[], unit: string): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [p50, p95, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.95), quantile(sorted, 0.99)];
  return `p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)} ${unit}`;
}

/** CPU time of the main thread in ms on Linux; NaN elsewhere. */
function mainThreadMs(): number {
  try {
    const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(ns) / 1e6;
  } catch {
    return Number.NaN;
  }
}

async function modelAlone(): Promise<void> {
  const model = await loadSilero(bundledModelPath(), 64);
  for (const size of [1, 2, 4, 8, 16, 32, 64]) {
    const rows = Array.from({ length: size }, (_, i) => ({ lane: i, samples: buzz(WINDOW, 37 * i) }));
    const perWindow: number[] = [];
    const runs = Math.ceil(4_000 / size);
    for (let run = 0; run < runs + 20; run++) {
      const startMs = performance.now();
      await model.run(rows);
      if (run >= 20) perWindow.push(((performance.now() - startMs) * 1_000) / size);
    }
    console.log(`model, batch of ${size}: ${spread(perWindow, 'µs')} a window`);
  }
  await model.close();
}

async function gateAlone(): Promise<void> {
  const gate = (await loadGates()).create();
  const samples = buzz(WINDOW);
  const windows = 20_000;
  const startMs = performance.now();
  for (let i = 0; i < windows; i++) gate.open(samples);
  console.log(`gate: ${(((performance.now() - startMs) * 1_000) / windows).toFixed(1)} µs a window`);
  gate.close();
}

/** Processor time of the WebRTC engine for a minute of a voice in pieces of 20 ms. */
async function webRtcAlone(): Promise<void> {
  const voice = buzz(PIPELINE_RATE);
  for (const frameMs of [10, 20, 30]) {
    const vad = webRtcVad({ frameMs });
    await vad.warm?.();
    const stream = vad.open(() => {}, fail);
    const second = () => {
      for (let at = 0; at < voice.length; at += FRAME)
        stream.push({ rate: PIPELINE_RATE, samples: voice.subarray(at, at + FRAME) });
    };
    for (let i = 0; i < 10; i++) second();
    const before = process.cpuUsage();
    for (let i = 0; i < 60; i++) second();
    const { user, system } = process.cpuUsage(before);
    console.log(
      `webrtc, windows of ${frameMs} ms: ${((user + system) / 60).toFixed(0)} µs a second of audio`,
    );
    await vad.close();
  }
}

/** Processor time of the ear's first stages for a minute of audio in pieces of 20 ms. */
function earAlone(): void {
  const voice = buzz(PIPELINE_RATE);
  const highPass = new HighPass(80);
  const clipping = new Clipping();
  for (const [name, step] of [
    ['high-pass', (piece: Int16Array) => highPass.process(piece)],
    ['clipping', (piece: Int16Array) => clipping.hear(piece)],
  ] as const) {
    const second = () => {
      for (let at = 0; at < voice.length; at += FRAME) step(voice.subarray(at, at + FRAME));
    };
    for (let i = 0; i < 10; i++) second();
    const before = process.cpuUsage();
    for (let i = 0; i < 60; i++) second();
    const { user, system } = process.cpuUsage(before);
    console.log(`${name}: ${((user + system) / 60).toFixed(0)} µs a second of audio`);
  }
}

interface Load {
  readonly streams: number;
  readonly speaking: number;
  readonly thread: boolean;
  readonly gatherMs: number;
}

/** Runs streams, `speaking` of them with a voice, fed 20 ms every 20 ms and spread over that time like clients. */
async function paced({ streams, speaking, thread, gatherMs }: Load): Promise<void> {
  const runs = { count: 0, windows: 0 };
  const onRun = (windows: number) => {
    runs.count++;
    runs.windows += windows;
  };
  const vad = sileroVad({ thread, gatherMs, onRun });
  await vad.warm?.();
  const voice = buzz(PIPELINE_RATE);
  const quiet = new Int16Array(FRAME);
  const delays: number[] = [];
  const clients = Array.from({ length: streams }, (_, i) => {
    const client = { pushedMs: 0, stream: vad.open(onWindow, fail), talks: i < speaking };
    function onWindow(): void {
      delays.push(performance.now() - client.pushedMs);
    }
    return client;
  });
  const feed = async (frames: number, from: number) => {
    const startMs = performance.now();
    for (let sent = 0; sent < frames * streams; ) {
      const due = ((performance.now() - startMs) / FRAME_MS) * streams;
      for (; sent < due; sent++) {
        const client = clients[sent % streams];
        const frame = from + Math.floor(sent / streams);
        const at = (frame * FRAME) % (voice.length - FRAME);
        if (!client) continue;
        const pauses = options.onset && Math.floor(frame / SPELL_FRAMES + (sent % streams) / streams) % 2 > 0;
        client.pushedMs = performance.now();
        client.stream.push({
          rate: PIPELINE_RATE,
          samples: client.talks && !pauses ? voice.subarray(at, at + FRAME) : quiet,
        });
      }
      await wait(1);
    }
  };
  // Warm up first.
  const warmUp = 50;
  await feed(warmUp, 0);
  delays.length = 0;
  runs.count = 0;
  runs.windows = 0;
  const cpu = process.cpuUsage();
  const mainMs = mainThreadMs();
  await feed(pacedMs / FRAME_MS, warmUp);
  const { user, system } = process.cpuUsage(cpu);
  const share = (ms: number) => `${((ms * 100) / pacedMs).toFixed(1)} %`;
  const main = share(mainThreadMs() - mainMs);
  await vad.close();
  console.log(
    `${streams} streams, ${speaking} with a voice, ${thread ? 'own thread' : 'main thread'}, gather ${gatherMs}: ` +
      `of a core ${share((user + system) / 1_000)} in all, ${main} the main thread; ` +
      `audio to verdict ${spread(delays, 'ms')}; ${runs.count} runs of ${(runs.windows / runs.count).toFixed(1)}`,
  );
}

function fail(error: Error): void {
  throw error;
}

if (!options.paced) {
  await modelAlone();
  await gateAlone();
  await webRtcAlone();
  earAlone();
}
for (const load of options.streams.split(',')) {
  const [streams = 0, speaking = streams] = load.split(':').map(Number);
  for (const thread of options.thread === undefined ? [false, true] : [options.thread])
    for (const gatherMs of options.gather.split(',').map(Number))
      await paced({ streams, speaking, thread, gatherMs });
}
