/**
 * What voice activity detection costs: `npx tsx bench/vad.ts`. Sound is synthetic, so it needs no files.
 * The model and the gate are measured alone; then the engine with many streams at the pace of real time.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { loadGates } from '../adapters/vad/gate.ts';
import { sileroVad } from '../adapters/vad/silero.ts';
import { bundledModelPath, loadSilero, newLane, WINDOW } from '../adapters/vad/silero-model.ts';
import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../machines/audio.ts';

const WINDOW_MS = msOfSamples(WINDOW, PIPELINE_RATE);
const FRAME = samplesInMs(20, PIPELINE_RATE);
const STREAMS = 100;
const PACED_MS = 5_000;

/** Something like a voice: a buzz of 120 Hz that swells four times a second. */
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
  const [p5, p50, p99] = [quantile(sorted, 0.05), quantile(sorted, 0.5), quantile(sorted, 0.99)];
  return `p5 ${p5.toFixed(1)}, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ${unit}`;
}

async function modelAlone(): Promise<void> {
  const model = await loadSilero(bundledModelPath(), 64);
  for (const size of [1, 4, 16, 32, 64]) {
    const rows = Array.from({ length: size }, (_, i) => ({ lane: newLane(), samples: buzz(WINDOW, 37 * i) }));
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

/** `STREAMS` streams, of which `speaking` hear a voice, fed 20 ms each 20 ms, spread over the 20 ms as clients are. */
async function paced(speaking: number, gate: boolean): Promise<void> {
  const vad = sileroVad({ gate });
  await vad.warm?.();
  const voice = buzz(PIPELINE_RATE);
  const quiet = new Int16Array(FRAME);
  const delays: number[] = [];
  const clients = Array.from({ length: STREAMS }, (_, i) => {
    const client = { pushedMs: 0, stream: vad.open(onWindow, fail), talks: i < speaking };
    function onWindow(): void {
      delays.push(performance.now() - client.pushedMs);
    }
    return client;
  });
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let sent = 0; sent < (PACED_MS / 20) * STREAMS; ) {
    const due = ((performance.now() - startMs) / 20) * STREAMS;
    for (; sent < due; sent++) {
      const client = clients[sent % STREAMS];
      const frame = Math.floor(sent / STREAMS);
      const at = (frame * FRAME) % (voice.length - FRAME);
      if (!client) continue;
      client.pushedMs = performance.now();
      client.stream.push({
        rate: PIPELINE_RATE,
        samples: client.talks ? voice.subarray(at, at + FRAME) : quiet,
      });
    }
    await wait(1);
  }
  const { user, system } = process.cpuUsage(cpu);
  const share = ((user + system) / 10 / PACED_MS).toFixed(0);
  await vad.close();
  console.log(
    `${STREAMS} streams, ${speaking} with a voice, gate ${gate ? 'on' : 'off'}: ` +
      `${share} % of a core, audio to verdict ${spread(delays, 'ms')}, ` +
      `${((delays.length / STREAMS / PACED_MS) * WINDOW_MS * 100).toFixed(0)} % of windows judged`,
  );
}

function fail(error: Error): void {
  throw error;
}

await modelAlone();
await gateAlone();
await paced(STREAMS, false);
await paced(STREAMS, true);
await paced(20, true);
await paced(0, true);
