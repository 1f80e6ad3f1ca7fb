// First audio with memories that answer late, never, or with garbage, on the real clock: one server with immediate
// engines, clients that type and clients that speak. The figure is the server's own `timings.firstAudio` of each reply.
// npm run bench:memory [-- turns of each client [typed|spoken]]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemoryPort } from '../../actors/ports/memory.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import {
  hang,
  levelVad,
  pause,
  scriptedLlm,
  scriptedStt,
  scriptedTts,
} from '../../testing/scripted-engines.ts';
import { percentile } from '../statistics.ts';
import { loadAverage, machine } from './report/machine.ts';

const CLIENTS = 8;
/** Turns of each client before those that count. */
const WARM_UP = 3;
/** The goal: a reply waits for the memory no longer than `deadlines.recallMs`, and 5 ms. */
const WINDOW_MS = 500;
const SPEECH_MS = 600;
/** Between two spoken turns. */
const PAUSE_MS = 300;
const speech = new Int16Array(samplesInMs(SPEECH_MS, PIPELINE_RATE)).fill(8_000);

type Recall = (signal: AbortSignal) => Promise<unknown>;
const after = (ms: number) => async (signal: AbortSignal) => {
  await pause(realClock, ms, signal);
  return ['drink: tea'];
};
const MEMORIES: Readonly<Record<string, Recall | undefined>> = {
  none: undefined,
  '50 ms': after(50),
  '600 ms': after(600),
  '3 s': after(3_000),
  never: (signal) => hang(signal),
  garbage: async () => ({ not: 'a list' }),
};

const turns = Number(process.argv[2] ?? 40);
const hows = ['typed', 'spoken'].filter((how) => how === (process.argv[3] ?? how));

async function firstAudio(recall: Recall | undefined, spoken: boolean): Promise<readonly number[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-memory-'));
  // What a memory sends is not checked by the compiler either.
  const memory =
    recall && ({ recall: (_request: unknown, signal: AbortSignal) => recall(signal) } as MemoryPort);
  const server = await serve({
    config: loadConfig({
      constants: true,
      env: {},
      flags: {
        ...{ port: 0, dataDir, 'log.level': 'silent', 'limits.turns-per-second': 1_000 },
        ...{ 'limits.turn-burst': 1_000, 'limits.loop-delay-ms': 60_000, 'overload.worse-ms': 3_600_000 },
        // These clients type faster than people.
        ...{ 'limits.waiting-requests': 10_000, 'limits.new-sessions': 100_000 },
      },
    }),
    log: makeLogger('silent'),
    parts: {
      vad: levelVad(),
      ...(memory && { memory }),
      engines: {
        stt: scriptedStt(realClock, [{ partial: 'tell me', text: 'tell me more', finalMs: 5 }]),
        llm: scriptedLlm(realClock, () => ({ text: 'Yes.', firstTokenMs: 5, tokenMs: 1 })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 5, msPerChar: 10 })),
      },
    },
  });
  const measured: number[] = [];
  try {
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, index) => {
        // So that clients do not act in step.
        await new Promise((resolve) => setTimeout(resolve, index * 61));
        const client = await VoiceClient.connect({ url: server.url, user: `user-${index}` });
        for (let turn = 0; turn < turns + WARM_UP; turn++) {
          const since = client.arrivals.length;
          if (spoken) await client.say({ rate: PIPELINE_RATE, samples: speech });
          else client.send({ type: 'text', text: `turn ${turn} of ${index}` });
          const end = await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: 30_000 });
          const ms = end?.message.type === 'reply.end' ? end.message.timings.firstAudio : undefined;
          if (ms === undefined) throw new Error('a reply without audio');
          if (turn >= WARM_UP) measured.push(ms);
          if (spoken) await client.wait(PAUSE_MS);
        }
        await client.close();
      }),
    );
  } finally {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return measured;
}

console.log(JSON.stringify({ ...machine(), load: loadAverage(), clients: CLIENTS, turnsOfEach: turns }));
let missed = 0;
for (const how of hows) {
  const spoken = how === 'spoken';
  let without: readonly number[] = [];
  for (const [name, recall] of Object.entries(MEMORIES)) {
    const ms = await firstAudio(recall, spoken);
    if (!recall) without = ms;
    const added = percentile(ms, 0.99) - percentile(without, 0.99);
    if (added > WINDOW_MS + 5) missed += 1;
    const figures = [0.5, 0.95, 0.99, 1].map((share) => percentile(ms, share).toFixed(1)).join(' / ');
    console.log(
      `${how}, memory ${name}: ${ms.length} replies, first audio ${figures} ms (p50 / p95 / p99 / max), p99 ${added.toFixed(1)} ms later than without`,
    );
  }
}
console.log(`load ${loadAverage()} at the end`);
process.exitCode = missed > 0 ? 1 : 0;
